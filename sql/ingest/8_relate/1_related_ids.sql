-- One row per queue id whose messages may have got or lost a parent
create or replace temp table related_ids as
with ids_at_hand as (
    select distinct queue_id from queue_ids
),

filtered as (
    select found_messages.message_id
    from found_messages
    inner join deliveries on found_messages.message_key = deliveries.message_key
    semi join ids_at_hand on found_messages.queue_id = ids_at_hand.queue_id
    where deliveries.agent = 'pipe' and found_messages.message_id is not null
)

select queue_id from ids_at_hand
union
select queue_id from removed_ids
union
select queue_id from found_messages
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
