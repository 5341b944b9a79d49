-- One row per connection: who was at the other end, from the first line that names the client. Where that
-- is a connect line, and all others name another client, from these: lines are lost that ended one
-- connection and began the other. Unless the end counts an XCLIENT command, which makes it so
create or replace temp table connection_peers as
with read_lines as (
    select
        connection_spans.connection_key,
        work_lines.header_id,
        work_lines.logged_at,
        is_connect(work_lines.kind) as is_connected,
        regexp_extract(
            client_text(work_lines.kind, work_lines.body),
            '^' || client_pattern(),
            ['name', 'ip', 'port']
        ) as client
    from connection_spans
    inner join work_lines on connection_spans.connection_key = work_lines.line_key
),

named as (
    select
        * exclude (client),
        known_name(client.name) as client_name,
        plain_ip(client.ip) as client_ip,
        try_cast(client.port as integer) as client_port
    from read_lines
),

-- Almost none: only of these it is asked what all lines name
differing as (
    select distinct named.connection_key
    from named_clients
    inner join connection_lines on named_clients.line_key = connection_lines.line_key
    inner join named on connection_lines.connection_key = named.connection_key
    where named.is_connected and named_clients.client_ip <> named.client_ip
),

others as (
    select
        connection_lines.connection_key,
        any_value(named_clients.client_name) as client_name,
        any_value(named_clients.client_ip) as client_ip,
        any_value(named_clients.client_port) as client_port
    from connection_lines
    semi join differing on connection_lines.connection_key = differing.connection_key
    inner join named_clients on connection_lines.line_key = named_clients.line_key
    group by connection_lines.connection_key
    having not bool_or(named_clients.is_xclient)
),

compared as (
    select
        named.*,
        others.client_name as other_name,
        others.client_ip as other_ip,
        others.client_port as other_port,
        coalesce(named.client_ip <> others.client_ip, false) as is_other
    from named
    left join others on named.connection_key = others.connection_key
)

select
    compared.connection_key,
    processes.host,
    processes.instance,
    processes.daemon,
    processes.service,
    processes.pid,
    case when compared.is_connected and not compared.is_other then compared.logged_at end
        as connected_at,
    case when compared.is_other then compared.other_name else compared.client_name end
        as client_name,
    case when compared.is_other then compared.other_ip else compared.client_ip end
        as client_ip,
    case when compared.is_other then compared.other_port else compared.client_port end
        as client_port
from compared
inner join processes on compared.header_id = processes.header_id;
