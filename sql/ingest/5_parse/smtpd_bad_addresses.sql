-- One row per address that smtpd could not read, and refused
-- warning: Illegal address syntax from unknown[192.0.2.103] in RCPT command: <a b@@>
create or replace temp view smtpd_bad_addresses as
with matched as (
    select
        line_key,
        is_changed,
        logged_at,
        header_id,
        kind,
        may_be_cut,
        regexp_extract(
            body,
            '^(Illegal address syntax) from ' || client_pattern()
            || ' in ([A-Z]+) command:(?: (.*))?$',
            ['reason', 'name', 'ip', 'port', 'stage', 'content']
        ) as parts
    from work_lines
    where kind = 'smtpd_bad_address'
),

addressed as (
    select
        *,
        case
            when not may_be_cut then nullif(regexp_extract(parts.content, '^<([^<>]+)>$', 1), '')
        end as address
    from matched
)

select
    line_key,
    is_changed,
    logged_at,
    header_id,
    kind,
    'reject' as action,
    nullif(parts.stage, '') as stage,
    known_name(parts.name) as client_name,
    plain_ip(parts.ip) as client_ip,
    try_cast(parts.port as integer) as client_port,
    -- The line does not say it; smtpd has no other reply here
    501 as reply_code,
    nullif(parts.reason, '') as reason,
    nullif(parts.content, '') as content,
    case when parts.stage = 'MAIL' then address end as sender,
    case when parts.stage <> 'MAIL' then address end as recipient
from addressed;
