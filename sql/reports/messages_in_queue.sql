-- One row per message still in the queue when the log ends, on hold or not, the oldest first
create or replace view reports.messages_in_queue as
with messages as (
    select * from main.messages
    where
        state in ('in queue', 'on hold')
        and in_period(queued_at)
        and on_host(host)
        and message_of_domain(message_key, sender)
),

attempts_by_recipient as (
    select
        deliveries.message_key,
        count(*) as attempt_count,
        -- Packed, for they may be NULL; and not the whole row, which would be read of all
        max_by(
            struct_pack(
                status := deliveries.status,
                recipient := deliveries.recipient,
                reply := deliveries.reply
            ),
            (deliveries.logged_at, log_files.first_logged_at, deliveries.delivery_key)
        ) as last_attempt,
        max((deliveries.logged_at, log_files.first_logged_at, deliveries.delivery_key)) as place
    from main.deliveries
    inner join main.log_files on deliveries.delivery_key >> 32 = log_files.file_key
    where deliveries.message_key in (select messages.message_key from messages)
    group by deliveries.message_key, lower(deliveries.recipient)
),

-- Those who still wait for it say why it is there
attempts as (
    select
        message_key,
        total(attempt_count) as attempt_count,
        max_by(last_attempt, (is_deferral(last_attempt.status), place)) as last_attempt
    from attempts_by_recipient
    group by message_key
),

-- What was decided when it came tells what never became active
marks as (
    select
        rejections.message_key,
        max_by(
            struct_pack(
                sender := rejections.sender,
                recipient := rejections.recipient,
                reason := rejections.reason
            ),
            (rejections.logged_at, log_files.first_logged_at, rejections.rejection_key)
        ) as last_mark
    from main.rejections
    inner join main.log_files on rejections.rejection_key >> 32 = log_files.file_key
    where rejections.message_key in (select messages.message_key from messages)
    group by rejections.message_key
)

select
    messages.host,
    messages.queue_id,
    messages.state,
    messages.queued_at,
    coalesce(messages.sender, marks.last_mark.sender) as sender,
    messages.size_bytes,
    coalesce(attempts.attempt_count, 0) as attempt_count,
    coalesce(attempts.last_attempt.recipient, marks.last_mark.recipient) as last_recipient,
    coalesce(attempts.last_attempt.reply, marks.last_mark.reason) as last_reply,
    messages.message_key
from messages
left join attempts on messages.message_key = attempts.message_key
left join marks on messages.message_key = marks.message_key
order by messages.queued_at, messages.message_key;
