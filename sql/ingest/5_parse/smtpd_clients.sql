-- One row per smtpd line that begins a message
-- 4C11240764: client=app.example.com[203.0.113.9]:51514, sasl_method=PLAIN, sasl_username=app svc
create or replace temp table smtpd_clients as
with matched as (
    select
        line_key,
        is_changed,
        logged_at,
        header_id,
        regexp_extract(body, '^client=' || client_pattern(), ['name', 'ip', 'port']) as client,
        case
            when contains(body, ', sasl_')
                then regexp_extract(
                    body,
                    '^client=[^,]+(?:, sasl_method=([^,]+))?(?:, sasl_username=(.*?))?'
                    || '(?:, sasl_sender=\S+)?(?:, orig_queue_id=[^,\s]+)?(?:, orig_client=\S+)?$',
                    ['method', 'username']
                )
        end as sasl
    from work_lines
    where kind = 'smtpd_client'
)

select
    line_key,
    is_changed,
    logged_at,
    header_id,
    known_name(client.name) as client_name,
    plain_ip(client.ip) as client_ip,
    try_cast(client.port as integer) as client_port,
    nullif(sasl.method, '') as sasl_method,
    nullif(sasl.username, '') as sasl_username
from matched;
