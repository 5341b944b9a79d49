-- Connections count the messages and rejections that lead to them
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
)

select
    connections.connection_key,
    connections.message_count,
    coalesce(brought.message_count, 0) as messages_found,
    connections.rejection_count,
    coalesce(refused.rejection_count, 0) as rejections_found
from connections
left join brought on connections.connection_key = brought.connection_key
left join refused on connections.connection_key = refused.connection_key
where
    connections.message_count <> coalesce(brought.message_count, 0)
    or connections.rejection_count <> coalesce(refused.rejection_count, 0)
order by connections.connection_key;
