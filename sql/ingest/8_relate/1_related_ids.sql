-- One row per queue id whose messages may have got or lost a parent
create or replace temp table related_ids as
with ids_at_hand as (
    select distinct queue_id from queue_ids
),

named as (
    select related_queue_id as queue_id from queue_events
    where
        related_queue_id is not null
        and event_key in (select line_key from message_lines)
    union all
    select remote_queue_id as queue_id from deliveries
    where
        remote_queue_id is not null
        and delivery_key in (select line_key from message_lines where kind = 'delivery')
),

-- A queue id says nothing of where its message stands in the table: all of it is read, once
found as materialized (
    select
        message_key,
        queue_id,
        message_id
    from messages
    where
        queue_id in (
            select queue_id from ids_at_hand
            union
            select queue_id from named
        )
),

filtered as (
    select found.message_id
    from found
    inner join deliveries on found.message_key = deliveries.message_key
    semi join ids_at_hand on found.queue_id = ids_at_hand.queue_id
    where deliveries.agent = 'pipe' and found.message_id is not null
)

select queue_id from ids_at_hand
union
select queue_id from removed_ids
union
select queue_id from found
union
select messages.queue_id from messages
semi join ids_at_hand on messages.orig_queue_id = ids_at_hand.queue_id
union
select messages.queue_id from messages
semi join filtered on messages.message_id = filtered.message_id
where messages.birth_kind = 'pickup'
union
select messages.queue_id from messages
semi join redirects_at_hand on messages.message_id = redirects_at_hand.message_id
where
    messages.birth_kind = 'pickup'
    and messages.queued_at between getvariable('sent_on_since') and getvariable('sent_on_until')
union
select message_links.child_queue_id from message_links
semi join ids_at_hand on message_links.parent_queue_id = ids_at_hand.queue_id
where message_links.evidence = 'sieve redirect';
