-- One row per line of these connections that names their client (connect, TLS, lost, disconnect), as
-- far as no other connection of the process begins before
create or replace temp table connection_lines as
with followed as (
    select
        *,
        lead(connection_key) over (
            partition by host, instance, pid, connection_key >> 32
            order by connection_key
        ) as next_key
    from connections
)

select raw_lines.line_key
from followed
semi join (from chosen_rows where table_name = 'connections') as chosen
    on followed.connection_key = chosen.row_key
inner join raw_lines
    on
        followed.pid = raw_lines.pid
        and followed.host is not distinct from raw_lines.host
where
    raw_lines.kind in (select kind from line_kinds where place = 'connections')
    and raw_lines.copy_of is null
    -- Those with a queue id are of a message, which may be another person's
    and raw_lines.queue_id is null
    and raw_lines.logged_at between followed.connected_at and followed.disconnected_at
    and contains(raw_lines.line, '[' || followed.client_ip || ']')
    and (
        raw_lines.line_key >> 32 <> followed.connection_key >> 32
        or (
            raw_lines.line_key >= followed.connection_key
            and (followed.next_key is null or raw_lines.line_key < followed.next_key)
        )
    );
