-- One row per login attempt that a Dovecot login process reports
-- No pattern of a form: it is read in the text between the elements, not in the line
create or replace temp view dovecot_logins as
with told as (
    select
        *,
        kind <> 'dovecot_login_failure' as is_success,
        case
            when kind = 'dovecot_login_failure' and not starts_with(text, 'proxy(') then text
            when kind = 'dovecot_login_failure'
                then nullif(
                    regexp_replace(text, '^proxy\(.*\): (Login (?:failed|aborted))', '\1'),
                    'proxy(): '
                )
        end as reason
    from login_elements
    where kind not in ('proxy_logout', 'dovecot_login_note')
)

select
    line_key,
    is_changed,
    logged_at,
    header_id,
    protocol,
    is_success,
    username,
    client_ip,
    server_ip,
    peer_ip,
    case
        when starts_with(text, 'proxy(') then coalesce(
            nullif(
                regexp_extract(
                    text,
                    '^proxy\(.*\): (?:[Ss]tarted proxying|Login failed) to ([^ /<>]+:\d+)',
                    1
                ),
                ''
            ),
            nullif(regexp_extract(text, '^proxy\(.*,([^,()=\s]+)\): ', 1), ''),
            nullif(regexp_extract(text, ' proxying to ([^ /]+)', 1), '')
        )
    end as destination,
    method,
    reason,
    case
        when is_success then null
        when is_handshaking then 'TLS handshake failed'
        when starts_with(text, 'proxy(') then 'proxy failure'
        else login_failure(reason)
    end as failure,
    case
        when is_success then 1
        when contains(reason, 'no auth attempts') then 0
        else try_cast(
            coalesce(
                nullif(regexp_extract(reason, '[ (](\d+) (?:authentication )?attempts', 1), ''),
                nullif(regexp_extract(reason, '(\d+) succ?esss?ful auths', 1), '')
            ) as integer
        )
    end as attempt_count,
    try_cast(
        regexp_extract(reason, '(?:(?:attempts|auths) in|waited) (\d+)(?: secs|$)', 1) as integer
    ) as attempt_seconds,
    is_tls,
    tls_protocol,
    tls_cipher,
    session_id,
    pid
from told;
