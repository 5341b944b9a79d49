-- One row per line of a login process that tells of a client: what it is about, and the client
-- No pattern of a form: elements stand in any order, and a user's name can imitate them
-- pop3-login: Login: user=<alice@example.com>, method=PLAIN, rip=192.0.2.10, lip=198.51.100.5, mpid=4711, TLS, session=<IQdzOm5Xy8PAAAIK>
-- imap-login: Disconnected: Connection closed (auth failed, 3 attempts in 14 secs): user=<alice@example.com>, method=PLAIN, rip=203.0.113.9, lip=198.51.100.5, TLS, session=<QLKFOm5XTMnLAHEJ>
-- imap-login: Disconnected (no auth attempts): rip=203.0.113.9, lip=198.51.100.5
-- pop3-login: user=<alice@example.com>,, ip=[192.0.2.10],, PLAIN,, TLS: Login
-- imap-login: access(tcpwrap): Client refused (rip=203.0.113.9)
create or replace temp table login_elements as
with unusual as (
    select
        line_key,
        is_changed,
        logged_at,
        header_id,
        kind,
        protocol,
        case
            when is_readable then body
            when starts_with(body, 'proxy(') then 'proxy(): '
            when elements_start > 0 then substr(body, 1, elements_start - 1)
            else ''
        end as body,
        regexp_matches(body, '^(?:user=<|rip=)') as is_inverted
    from login_lines
    where not is_usual
),

-- Elements before the message (login_log_format): it begins behind the last bracket
turned as (
    select
        * exclude (body, is_inverted),
        case
            when is_inverted then regexp_replace(
                body,
                '^((?:user=<.*>)?[^>]*?): ((?:Login|Logged in|Disconnected|Aborted login'
                || '|Login aborted|Maximum number of connections|Timeout while finishing login'
                || '|Internal login failure)\b[^>]*)$',
                '\2: \1'
            )
            when starts_with(body, 'access(') or starts_with(body, 'haproxy: ')
                then regexp_replace(body, '^(.*) \((rip=[^()]*)\)', '\1: \2')
            else body
        end as body,
        is_inverted
    from unusual
),

-- login_log_format_elements may begin with any of them
cut as (
    select
        *,
        coalesce(
            case
                when starts_with(body, 'proxy(') then nullif(strpos(body, ': user=<'), 0)
            end,
            nullif(
                strpos(
                    body,
                    nullif(
                        regexp_extract(body, ': (?:user=<|method=|rip=|session=<|lip=)'), ''
                    )
                ),
                0
            ),
            length(body) + 1
        ) as elements_start
    from turned
),

-- Elements that hold commas of their own
headed as (
    select
        * exclude (body, elements_start, is_inverted),
        substr(body, 1, elements_start - 1) as text,
        case
            when is_inverted and contains(body, ',, ip=[')
                then regexp_replace(
                    substr(body, elements_start),
                    '^(: user=<.*>),, ip=\[([0-9A-Fa-f.:]+)\](?:,, ([A-Z0-9-]+))?'
                    || '(?:,, (TLS|secured))?,*$',
                    '\1, rip=\2, method=\3, \4'
                )
            else substr(body, elements_start)
        end as elements
    from cut
),

-- In any order: the session goes to the end, the user's name to the beginning
ended as (
    select
        * exclude (elements),
        case
            when starts_with(elements, ': user=<') then elements
            else regexp_replace(
                elements, '^: ([^<>]*?)(session=<[^<>]*>), (.*)$', ': \1\3, \2'
            )
        end as elements
    from headed
),

ordered as (
    select
        * exclude (elements),
        case
            when starts_with(elements, ': user=<') or not contains(elements, ', user=<')
                then elements
            else
                regexp_replace(
                    regexp_replace(elements, '(?:, session=<[^<>]*>?)+$', ''),
                    '^: ([^<>]*), user=<(.*)>([^>]*)$',
                    ': user=<\2>, \1\3'
                ) || regexp_extract(elements, '(?:, session=<[^<>]*>?)+$')
        end as elements
    from ended
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
    from ordered
),

matched as (
    select
        * exclude (usual),
        case when usual.client_ip <> '' then usual.method else '' end as usual_method,
        case when usual.client_ip <> '' then usual.server_ip else '' end as usual_server_ip,
        case
            when usual.client_ip <> ''
                then
                {
                    'username': usual.username,
                    'before': '',
                    'client_ip': usual.client_ip
                }
            else regexp_extract(
                elements,
                '^: (?:user=<(.*)>, )?((?:[^<>,]*, )*?)rip=([0-9A-Fa-f.:]+)',
                ['username', 'before', 'client_ip']
            )
        end as found
    from addressed
),

-- A bracket behind the address that ends no session ends the user's name: so the address is in it
behind as (
    select
        *,
        case
            when found.client_ip <> '' and starts_with(elements, ': user=<')
                then substr(elements, length(found.username) + 10)
            else ''
        end as behind
    from matched
),

judged as (
    select
        * exclude (behind),
        found.client_ip <> ''
        and not (
            strpos(behind, '>') between 1 and length(behind) - 1
            and (
                contains(regexp_replace(behind, ', session=<[^<>]*>', '', 'g'), '>')
                or contains(behind, '>, method=')
            )
        ) as is_addressed
    from behind
),

-- Without rip= the user's name ends before the session, the last of the brackets
bracketed as (
    select
        * exclude (usual_method, usual_server_ip, found, is_addressed),
        case
            when is_addressed then {
                'method': coalesce(
                    nullif(usual_method, ''),
                    regexp_extract(found.before, '\bmethod=([A-Za-z0-9_-]+), ', 1)
                ),
                'client_ip': found.client_ip,
                'server_ip': coalesce(
                    nullif(usual_server_ip, ''),
                    regexp_extract(found.before, '\blip=([0-9A-Fa-f.:]+), ', 1)
                )
            }
            else {'method': '', 'client_ip': '', 'server_ip': ''}
        end as client,
        case
            when is_addressed then found.username
            else regexp_extract(
                regexp_replace(elements, ', session=<[^<>]*>$', ''), '^: user=<(.*)>', 1
            )
        end as username
    from judged
),

-- What follows the addresses is the server's word
secured as (
    select
        *,
        case
            when client.client_ip = '' then substr(elements, length(username) + 10)
            else substr(
                elements,
                length(username)
                + strpos(substr(elements, length(username) + 1), 'rip=' || client.client_ip)
                + length(client.client_ip) + 4
            )
        end as rest
    from bracketed
)

select
    line_key,
    is_changed,
    logged_at,
    header_id,
    kind,
    protocol,
    text,
    nullif(username, '') as username,
    plain_ip(client.client_ip) as client_ip,
    coalesce(
        plain_ip(client.server_ip),
        plain_ip(regexp_extract(rest, ', lip=([0-9A-Fa-f.:]+)', 1))
    ) as server_ip,
    case
        when contains(rest, ', real_rip=') then plain_ip(
            regexp_extract(
                rest,
                '^(?:, (?:TLS|secured|(?:rport|lip|lport|mpid|method|real_[a-z]+)=[^,<> ]*))*?'
                || ', real_rip=([0-9A-Fa-f.:]+)',
                1
            )
        )
    end as peer_ip,
    coalesce(
        nullif(client.method, ''),
        nullif(
            regexp_extract(
                rest, '^(?:, [a-z]+=[0-9A-Fa-f.:]+)*?, method=([A-Za-z0-9_-]+)', 1
            ),
            ''
        )
    ) as method,
    case
        when starts_with(text, 'access(') or starts_with(text, 'haproxy: ') then null
        when client.client_ip <> '' or contains(rest, ', TLS')
            then regexp_matches(rest, ', T[LS][SL](?:$|[:,])')
    end as is_tls,
    contains(rest, ', TLS handshaking') as is_handshaking,
    nullif(regexp_extract(rest, ', (TLSv[0-9.]+|SSLv[0-9.]+) with cipher ', 1), '')
        as tls_protocol,
    nullif(regexp_extract(rest, ', (?:TLS|SSL)v[0-9.]+ with cipher ([A-Za-z0-9_-]+)', 1), '')
        as tls_cipher,
    case
        when contains(rest, 'session=<')
            then nullif(split_part(split_part(rest, 'session=<', -1), '>', 1), '')
    end as session_id,
    try_cast(
        coalesce(
            nullif(regexp_extract(rest, ', mpid=(\d+)', 1), ''),
            regexp_extract(elements, '>, PID=(\d+), ', 1)
        ) as integer
    ) as pid
from secured
union all
select
    line_key,
    is_changed,
    logged_at,
    header_id,
    kind,
    protocol,
    text,
    nullif(client.username, '') as username,
    plain_ip(client.client_ip) as client_ip,
    plain_ip(client.server_ip) as server_ip,
    null as peer_ip,
    nullif(client.method, '') as method,
    session.security = 'TLS' as is_tls,
    false as is_handshaking,
    null as tls_protocol,
    null as tls_cipher,
    nullif(session.session_id, '') as session_id,
    try_cast(session.pid as integer) as pid
from login_lines
where is_usual;
