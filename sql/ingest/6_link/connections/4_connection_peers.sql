-- One row per connection: who was at the other end, from the first line that names the client
create or replace temp table connection_peers as
with first_lines as (
    select
        connection_spans.connection_key,
        changed_lines.header_id,
        changed_lines.logged_at,
        changed_lines.kind,
        changed_lines.body
    from connection_spans
    inner join changed_lines on connection_spans.connection_key = changed_lines.line_key
    union all
    select
        connection_spans.connection_key,
        earlier_lines.header_id,
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
            client_text(kind, body), '^' || client_pattern(), ['name', 'ip', 'port']
        ) as client
    from first_lines
)

select
    named.connection_key,
    processes.host,
    processes.instance,
    processes.service,
    processes.pid,
    case when named.kind = 'smtpd_connect' then named.logged_at end as connected_at,
    known_name(named.client.name) as client_name,
    plain_ip(named.client.ip) as client_ip,
    try_cast(named.client.port as integer) as client_port
from named
inner join processes on named.header_id = processes.header_id;
