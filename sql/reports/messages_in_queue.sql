-- One row per message still in the queue when the log ends, the oldest first
create or replace view reports.messages_in_queue as
with attempts as (
    select
        deliveries.message_key,
        count(*) as attempt_count,
        max_by(
            deliveries,
            (deliveries.logged_at, log_files.first_logged_at, deliveries.delivery_key)
        ) as last_attempt
    from main.deliveries
    inner join main.log_files on deliveries.delivery_key >> 32 = log_files.file_key
    where deliveries.message_key in (
        select messages.message_key from main.messages
        where messages.removed_at is null
    )
    group by deliveries.message_key
)

select
    messages.host,
    messages.queue_id,
    messages.queued_at,
    messages.sender,
    messages.size_bytes,
    coalesce(attempts.attempt_count, 0) as attempt_count,
    attempts.last_attempt.recipient as last_recipient,
    attempts.last_attempt.reply as last_reply,
    messages.message_key
from main.messages
left join attempts on messages.message_key = attempts.message_key
-- A message that was given up before it was complete never became active
where
    messages.removed_at is null
    and messages.size_bytes is not null
    and in_period(messages.queued_at)
order by messages.queued_at, messages.message_key;
