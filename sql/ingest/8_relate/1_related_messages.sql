-- One row per message of these queue ids
create or replace temp table related_messages as
with further_ids as (
    select queue_id from related_ids
    where queue_id not in (select queue_id from found_messages)
)

select message_key from found_messages
union all
select messages.message_key from messages
semi join further_ids on messages.queue_id = further_ids.queue_id;
