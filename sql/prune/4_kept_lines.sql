-- One row per line that was logged before and stays: those of kept rows, and what was said of these
create or replace temp table kept_lines as
with of_rows as (
    select row_lines.line_key
    from row_lines
    semi join kept_rows
        on
            row_lines.table_name = kept_rows.table_name
            and row_lines.row_key = kept_rows.row_key
),

kept_messages as (
    select messages.*
    from messages
    semi join (from kept_rows where table_name = 'messages') as kept
        on messages.message_key = kept.row_key
),

of_messages as (
    select early.line_key
    from raw_lines as early
    inner join kept_messages
        on
            early.queue_id = kept_messages.queue_id
            and early.host is not distinct from kept_messages.host
    where
        early.logged_at < getvariable('prune_before')::timestamptz
        and early.logged_at >= coalesce(kept_messages.queued_at, early.logged_at)
        and early.logged_at <= coalesce(kept_messages.removed_at, early.logged_at)
),

-- With the connection that the process served next; postscreen serves many at a time
kept_connections as (
    select
        connections.*,
        following.connection_key as next_key
    from connections
    semi join (from kept_rows where table_name = 'connections') as kept
        on connections.connection_key = kept.row_key
    asof left join (from connections where daemon <> 'postscreen') as following
        on
            coalesce(connections.host, '') = coalesce(following.host, '')
            and connections.pid = following.pid
            and connections.daemon = following.daemon
            and connections.connection_key < following.connection_key
),

-- TLS, HELO and the end, which have no queue id
of_connections as (
    select early.line_key
    from raw_lines as early
    inner join kept_connections
        on
            early.pid = kept_connections.pid
            and early.host is not distinct from kept_connections.host
    where
        early.kind in (select kind from line_kinds where place = 'connections')
        and early.logged_at < getvariable('prune_before')::timestamptz
        and early.logged_at >= kept_connections.connected_at
        and early.logged_at <= coalesce(kept_connections.disconnected_at, early.logged_at)
        -- Of one log they are told apart where they meet in a second
        and (
            early.line_key >> 32 <> kept_connections.connection_key >> 32
            or early.line_key >= kept_connections.connection_key
        )
        and (
            kept_connections.next_key is null
            or early.line_key >> 32 <> kept_connections.next_key >> 32
            or early.line_key < kept_connections.next_key
        )
        and (
            kept_connections.client_ip is null
            or contains(early.line, '[' || kept_connections.client_ip || ']')
        )
),

kept_deliveries as (
    select
        deliveries.*,
        delivery_lines.pid
    from deliveries
    semi join (from kept_rows where table_name = 'deliveries') as kept
        on deliveries.delivery_key = kept.row_key
    inner join raw_lines as delivery_lines on deliveries.delivery_key = delivery_lines.line_key
),

-- What a delivery agent said of TLS when it connected
of_deliveries as (
    select early.line_key
    from raw_lines as early
    inner join kept_deliveries
        on
            early.pid = kept_deliveries.pid
            and early.host is not distinct from kept_deliveries.host
    where
        early.kind = 'smtp_tls'
        and early.logged_at < getvariable('prune_before')::timestamptz
        and early.logged_at between kept_deliveries.logged_at - interval '1 hour'
        and kept_deliveries.logged_at
        and contains(early.line, kept_deliveries.relay_ip)
)

select line_key from of_rows
union
select line_key from of_messages
union
select line_key from of_connections
union
select line_key from of_deliveries;

-- Number and line that came so often
insert into kept_lines
select line_repeats.repeat_key as line_key
from line_repeats
semi join kept_lines on line_repeats.line_key = kept_lines.line_key
union
select line_repeats.line_key
from line_repeats
where
    line_repeats.line_key is not null
    and (
        line_repeats.repeat_key in (select line_key from kept_lines)
        or line_repeats.logged_at >= getvariable('prune_before')::timestamptz
    );

-- The pieces of a line stand close to each other
insert into kept_lines
select distinct pieces.line_key
from raw_lines as pieces
inner join raw_lines as wholes
    on wholes.line_key between pieces.line_key and pieces.line_key + 64
where
    pieces.kind = 'line_piece'
    and (
        wholes.logged_at >= getvariable('prune_before')::timestamptz
        or wholes.line_key in (select line_key from kept_lines)
    );

-- Copies with the line that counts
insert into kept_lines
select copies.line_key
from raw_lines as copies
semi join kept_lines on copies.copy_of = kept_lines.line_key
union
select copies.copy_of as line_key
from raw_lines as copies
where
    copies.copy_of is not null
    and (
        copies.logged_at >= getvariable('prune_before')::timestamptz
        or copies.line_key in (select line_key from kept_lines)
    );
