-- Connections count what leads to them, also where rows of only some of their lines are still there
with brought as (
    select
        connection_key,
        count(*) as message_count
    from messages
    where connection_key is not null
    group by connection_key
),

refused as (
    select
        connection_key,
        sum(occurrences) as rejection_count
    from rejections
    where connection_key is not null
    group by connection_key
),

counted as (
    select
        connections.connection_key,
        coalesce(brought.message_count, 0) as message_count,
        coalesce(refused.rejection_count, 0) as rejection_count
    from connections
    left join brought on connections.connection_key = brought.connection_key
    left join refused on connections.connection_key = refused.connection_key
)

update connections
set
    message_count = counted.message_count,
    rejection_count = counted.rejection_count
from counted
where
    connections.connection_key = counted.connection_key
    and (
        connections.message_count <> counted.message_count
        or connections.rejection_count <> counted.rejection_count
    );
