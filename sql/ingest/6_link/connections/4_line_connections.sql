-- One row per line that belongs to a connection with a known client
create or replace temp view line_connections as
select
    connection_lines.line_key,
    connection_lines.connection_key
from connection_lines
inner join connection_spans on connection_lines.connection_key = connection_spans.connection_key
where connection_spans.peer_line_key is not null;
