-- One row per login attempt that a Dovecot login process reports
-- pop3-login: Login: user=<alice@example.com>, method=PLAIN, rip=192.0.2.10, lip=198.51.100.5, mpid=4711, TLS, session=<IQdzOm5Xy8PAAAIK>
-- imap-login: Disconnected: Connection closed (auth failed, 3 attempts in 14 secs): user=<alice@example.com>, method=PLAIN, rip=203.0.113.9, lip=198.51.100.5, TLS, session=<QLKFOm5XTMnLAHEJ>
-- imap-login: Disconnected (no auth attempts): rip=203.0.113.9, lip=198.51.100.5
create or replace temp table dovecot_logins as
with cut as (
    select
        line_key,
        kind,
        body,
        case
            when contains(body, ': user=<') then strpos(body, ': user=<')
            else strpos(body, ': rip=')
        end as elements_start
    from work_lines
    where kind in ('dovecot_login', 'dovecot_login_failure')
),

-- The client chooses what stands between user=< and >: only the last rip= is the server's
matched as (
    select
        line_key,
        kind,
        substr(body, 1, elements_start - 1) as head,
        regexp_extract(
            substr(body, elements_start),
            '^: (?:user=<(.*)>, )?(?:method=([A-Za-z0-9_-]+), )?rip=([0-9A-Fa-f.:]+)'
            || '(?:, lip=([0-9A-Fa-f.:]+))?(?:, mpid=(\d+))?'
            || '(?:, (secured|T[LS][SL](?: handshaking)?)(?:[:,] .*?)??)?'
            || '(?:, session=<([^>]*)>?)?$',
            ['username', 'method', 'client_ip', 'server_ip', 'pid', 'security', 'session_id']
        ) as parts,
        regexp_extract(substr(body, elements_start), '^: user=<(.*?)>', 1) as lone_username
    from cut
),

timed as (
    select
        *,
        regexp_extract(head, '^([a-z0-9-]+)-login: (.*)$', ['service', 'text']) as heading
    from matched
)

select
    line_key,
    case heading.service when 'managesieve' then 'sieve' else heading.service end as protocol,
    kind = 'dovecot_login' as is_success,
    nullif(case when parts.client_ip = '' then lone_username else parts.username end, '')
        as username,
    plain_ip(parts.client_ip) as client_ip,
    plain_ip(parts.server_ip) as server_ip,
    nullif(parts.method, '') as method,
    case when kind = 'dovecot_login_failure' then heading.text end as reason,
    case
        when contains(heading.text, 'no auth attempts') then 0
        else try_cast(regexp_extract(heading.text, ', (\d+) attempts', 1) as integer)
    end as attempt_count,
    try_cast(
        regexp_extract(heading.text, '(?:attempts|auths) in (\d+) secs', 1) as integer
    ) as attempt_seconds,
    case when parts.client_ip <> '' then regexp_matches(parts.security, '^T[LS][SL]$') end as is_tls,
    nullif(parts.session_id, '') as session_id,
    try_cast(parts.pid as integer) as pid
from timed;
