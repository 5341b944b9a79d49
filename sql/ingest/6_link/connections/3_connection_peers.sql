-- One row per connection: who was at the other end, from the first line that names the client
create or replace temp table connection_peers as
with first_lines as (
    select
        connection_spans.connection_key,
        changed_lines.host,
        changed_lines.instance,
        changed_lines.service,
        changed_lines.pid,
        changed_lines.logged_at,
        changed_lines.kind,
        changed_lines.body
    from connection_spans
    inner join changed_lines on connection_spans.connection_key = changed_lines.line_key
    union all
    select
        connection_spans.connection_key,
        earlier_lines.host,
        earlier_lines.instance,
        earlier_lines.service,
        earlier_lines.pid,
        earlier_lines.logged_at,
        earlier_lines.kind,
        earlier_lines.body
    from connection_spans
    inner join earlier_lines on connection_spans.connection_key = earlier_lines.line_key
    where earlier_lines.part = 'connection'
),

named as (
    select
        * exclude (body),
        regexp_extract(
            case kind
                when 'smtpd_connect' then substr(body, 14)
                when 'smtpd_disconnect' then substr(body, 17)
                when 'smtpd_client' then substr(body, 8)
                when 'smtpd_proxy_client' then substr(body, 8)
                when 'smtpd_sasl_failure' then body
                else substr(body, strpos(body, ' from ') + 6)
            end,
            '^' || client_pattern(),
            ['name', 'ip', 'port']
        ) as client
    from first_lines
)

select
    connection_key,
    host,
    instance,
    service,
    pid,
    case when kind = 'smtpd_connect' then logged_at end as connected_at,
    known_name(client.name) as client_name,
    plain_ip(client.ip) as client_ip,
    try_cast(client.port as integer) as client_port
from named;
