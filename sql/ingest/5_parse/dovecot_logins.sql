-- One row per login attempt that a Dovecot login process reports
-- pop3-login: Login: user=<alice@example.com>, method=PLAIN, rip=192.0.2.10, lip=198.51.100.5, mpid=4711, TLS, session=<IQdzOm5Xy8PAAAIK>
-- imap-login: Disconnected: Connection closed (auth failed, 3 attempts in 14 secs): user=<alice@example.com>, method=PLAIN, rip=203.0.113.9, lip=198.51.100.5, TLS, session=<QLKFOm5XTMnLAHEJ>
-- imap-login: Disconnected (no auth attempts): rip=203.0.113.9, lip=198.51.100.5
create or replace temp table dovecot_logins as
with cut as (
    select
        line_key,
        is_changed,
        logged_at,
        header_id,
        kind,
        body,
        case
            when contains(body, ': user=<') then strpos(body, ': user=<')
            else strpos(body, ': rip=')
        end as elements_start
    from work_lines
    where kind in ('dovecot_login', 'dovecot_login_failure')
),

headed as (
    select
        * exclude (body, elements_start),
        substr(body, 1, elements_start - 1) as head,
        substr(body, elements_start) as elements
    from cut
),

-- The client chooses what stands between user=< and >: only the last rip= is the server's
addressed as (
    select
        *,
        case
            when strpos(substr(elements, strpos(elements, 'rip=') + 1), 'rip=') = 0
                then regexp_extract(
                    elements,
                    '^: (?:user=<([^>]*)>, )?(?:method=([A-Za-z0-9_-]+), )?rip=([0-9A-Fa-f.:]+)'
                    || '(?:, lip=([0-9A-Fa-f.:]+))?',
                    ['username', 'method', 'client_ip', 'server_ip']
                )
        end as usual
    from headed
),

matched as (
    select
        * exclude (usual),
        case
            when usual.client_ip <> '' then usual
            else regexp_extract(
                elements,
                '^: (?:user=<(.*)>, )?(?:method=([A-Za-z0-9_-]+), )?rip=([0-9A-Fa-f.:]+)'
                || '(?:, lip=([0-9A-Fa-f.:]+))?',
                ['username', 'method', 'client_ip', 'server_ip']
            )
        end as client
    from addressed
),

-- What follows the addresses is the server's word
secured as (
    select
        *,
        substr(head, 1, strpos(head, '-login: ') - 1) as service,
        substr(head, strpos(head, '-login: ') + 8) as text,
        case
            when client.client_ip = ''
                then substr(elements, length(regexp_extract(elements, '^: user=<.*?>')) + 1)
            else substr(
                elements,
                length(client.username)
                + strpos(
                    substr(elements, length(client.username) + 1), 'rip=' || client.client_ip
                )
                + length(client.client_ip) + 4
            )
        end as rest
    from matched
)

select
    line_key,
    is_changed,
    logged_at,
    header_id,
    case service when 'managesieve' then 'sieve' else service end as protocol,
    kind = 'dovecot_login' as is_success,
    nullif(
        case
            when client.client_ip <> '' then client.username
            else regexp_extract(elements, '^: user=<(.*?)>', 1)
        end,
        ''
    ) as username,
    plain_ip(client.client_ip) as client_ip,
    plain_ip(client.server_ip) as server_ip,
    coalesce(
        nullif(client.method, ''),
        nullif(regexp_extract(rest, '^, method=([A-Za-z0-9_-]+)', 1), '')
    ) as method,
    case when kind = 'dovecot_login_failure' then text end as reason,
    case
        when kind = 'dovecot_login' then null
        when contains(text, 'no auth attempts') then 0
        else try_cast(regexp_extract(text, ', (\d+) attempts', 1) as integer)
    end as attempt_count,
    case
        when kind = 'dovecot_login_failure' then try_cast(
            regexp_extract(text, '(?:attempts|auths) in (\d+) secs', 1) as integer
        )
    end as attempt_seconds,
    case when client.client_ip <> '' then regexp_matches(rest, ', T[LS][SL](?:$|[:,])') end
        as is_tls,
    nullif(regexp_extract(rest, 'session=<([^>]*)', 1), '') as session_id,
    try_cast(regexp_extract(rest, 'mpid=(\d+)', 1) as integer) as pid
from secured;
