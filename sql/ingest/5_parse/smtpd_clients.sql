-- One row per smtpd line that begins a message
-- 4C11240764: client=app.example.com[203.0.113.9]:51514, sasl_method=PLAIN, sasl_username=app svc
create or replace temp table smtpd_clients as
with matched as (
    select
        line_key,
        program_service(program) as service,
        regexp_extract(
            body,
            '^client=' || client_pattern()
            || '(?:, sasl_method=([^,]+))?(?:, sasl_username=(.*?))?(?:, sasl_sender=\S+)?'
            || '(?:, orig_queue_id=[^,\s]+)?(?:, orig_client=\S+)?$',
            ['name', 'ip', 'port', 'sasl_method', 'sasl_username']
        ) as parts
    from work_lines
    where kind = 'smtpd_client'
)

select
    line_key,
    service,
    known_name(parts.name) as client_name,
    plain_ip(parts.ip) as client_ip,
    try_cast(parts.port as integer) as client_port,
    nullif(parts.sasl_method, '') as sasl_method,
    nullif(parts.sasl_username, '') as sasl_username
from matched;
