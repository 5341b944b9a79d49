-- One row per line of a login process that tells of a client; the usual ones are taken apart at once
-- No pattern of a form: elements stand in any order, and a user's name can imitate them
-- pop3-login: Login: user=<alice@example.com>, method=PLAIN, rip=192.0.2.10, lip=198.51.100.5, mpid=4711, TLS, session=<IQdzOm5Xy8PAAAIK>
-- imap-login: Disconnected: Connection closed (auth failed, 3 attempts in 14 secs): user=<alice@example.com>, method=PLAIN, rip=203.0.113.9, lip=198.51.100.5, TLS, session=<QLKFOm5XTMnLAHEJ>
create or replace temp table login_lines as
with spoken as (
    select
        line_key,
        is_changed,
        logged_at,
        header_id,
        kind,
        spoken_protocol(speaker.service) as protocol,
        body,
        strpos(body, ': user=<') as elements_start,
        -- A proxy names the user twice: a name that imitates elements stands before them
        not may_be_cut
        and not (starts_with(body, 'proxy(') and body like '%: user=<%: user=<%') as is_readable
    from dovecot_lines
    where
        kind in (
            'dovecot_login', 'dovecot_proxy_login', 'dovecot_login_failure', 'dovecot_login_note',
            'proxy_logout'
        )
),

parted as (
    select
        *,
        substr(body, 1, elements_start - 1) as text,
        substr(body, elements_start) as elements
    from spoken
),

addressed as (
    select
        *,
        regexp_extract(
            elements,
            '^: user=<([^<>]*)>, (?:method=([A-Za-z0-9_-]+), )?rip=([0-9A-Fa-f.:]+)'
            || ', lip=([0-9A-Fa-f.:]+)',
            ['username', 'method', 'client_ip', 'server_ip']
        ) as client
    from parted
),

tailed as (
    select
        * exclude (elements),
        substr(
            elements,
            length(client.username) + length(client.client_ip) + length(client.server_ip) + 22
            + case when client.method <> '' then length(client.method) + 9 else 0 end
        ) as tail
    from addressed
),

ended as (
    select
        *,
        regexp_extract(
            tail,
            '^(?:, mpid=(\d+))?(?:, (TLS|secured))?(?:, session=<([^<>, ]+)>)?$',
            ['pid', 'security', 'session_id']
        ) as session
    from tailed
)

select
    * exclude (tail),
    is_readable
    and client.client_ip <> ''
    and (
        tail = '' or session.pid <> '' or session.security <> '' or session.session_id <> ''
    )
    -- No element stands before the user's name, and none in the text
    and not contains(text, '=')
    and not starts_with(text, 'access(')
    and not starts_with(text, 'haproxy: ') as is_usual
from ended;
