-- One row per message of these queue ids
create or replace temp table related_messages as
select messages.message_key from messages
semi join related_ids on messages.queue_id = related_ids.queue_id;
