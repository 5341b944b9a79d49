-- One row per connection: who was at the other end, from the first line that names the client
create or replace temp table connection_peers as
with named as (
    select
        connection_spans.connection_key,
        work_lines.header_id,
        work_lines.logged_at,
        work_lines.kind,
        regexp_extract(
            client_text(work_lines.kind, work_lines.body),
            '^' || client_pattern(),
            ['name', 'ip', 'port']
        ) as client
    from connection_spans
    inner join work_lines on connection_spans.connection_key = work_lines.line_key
)

select
    named.connection_key,
    processes.host,
    processes.instance,
    processes.daemon,
    processes.service,
    processes.pid,
    case when is_connect(named.kind) then named.logged_at end as connected_at,
    known_name(named.client.name) as client_name,
    plain_ip(named.client.ip) as client_ip,
    try_cast(named.client.port as integer) as client_port
from named
inner join processes on named.header_id = processes.header_id;
