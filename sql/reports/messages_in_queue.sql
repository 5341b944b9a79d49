-- One row per message still in the queue when the log ends, the oldest first
create or replace view reports.messages_in_queue as
select
    messages.host,
    messages.queue_id,
    messages.queued_at,
    messages.sender,
    messages.size_bytes,
    count(deliveries.delivery_key) as attempt_count,
    max_by(deliveries, (deliveries.logged_at, deliveries.delivery_key)).recipient
        as last_recipient,
    max_by(deliveries, (deliveries.logged_at, deliveries.delivery_key)).reply as last_reply,
    messages.message_key
from messages
left join deliveries on messages.message_key = deliveries.message_key
-- A message that was given up before it was complete never became active
where
    messages.removed_at is null
    and messages.size_bytes is not null
    and in_period(messages.queued_at)
group by all
order by messages.queued_at, messages.message_key;
