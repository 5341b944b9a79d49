-- One row per client that smtpd turned away because it came too often
-- warning: Connection rate limit exceeded: 61 from unknown[192.0.2.99] for service submission
-- warning: Refusing STARTTLS request from unknown[192.0.2.99] for service smtp
create or replace temp view smtpd_limits as
with matched as (
    select
        line_key,
        is_changed,
        logged_at,
        header_id,
        kind,
        regexp_extract(
            body,
            '^(.*) from ' || client_pattern() || '( for service(?: \S+)?)$',
            ['text', 'name', 'ip', 'port', 'service']
        ) as parts
    from work_lines
    where kind = 'smtpd_limit'
)

select
    line_key,
    is_changed,
    logged_at,
    header_id,
    kind,
    'limit' as action,
    known_name(parts.name) as client_name,
    plain_ip(parts.ip) as client_ip,
    try_cast(parts.port as integer) as client_port,
    nullif(parts.text || parts.service, '') as reason
from matched;
