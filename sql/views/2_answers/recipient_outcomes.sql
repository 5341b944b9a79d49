-- One row per message and recipient: how it ended, after how many attempts
create or replace view recipient_outcomes as
with last_attempts as (
    select
        message_key,
        queue_id,
        recipient,
        max_by(
            deliveries,
            (deliveries.logged_at, log_files.first_logged_at, deliveries.delivery_key)
        ) as attempt,
        count(*) as attempt_count,
        min(logged_at) as first_attempt_at
    from deliveries
    inner join log_files on deliveries.delivery_key >> 32 = log_files.file_key
    group by message_key, queue_id, recipient
)

select
    last_attempts.message_key,
    last_attempts.queue_id,
    last_attempts.recipient,
    last_attempts.attempt.orig_recipient,
    case
        when
            messages.end_reason in ('expired', 'deleted', 'requeued')
            and last_attempts.attempt.status = 'deferred'
            then messages.end_reason
        else last_attempts.attempt.status
    end as last_status,
    last_attempts.attempt.dsn as last_dsn,
    last_attempts.attempt.relay_name as last_relay_name,
    last_attempts.attempt.reply as last_reply,
    last_attempts.attempt_count,
    last_attempts.first_attempt_at,
    last_attempts.attempt.logged_at as last_attempt_at,
    last_attempts.attempt.delivery_key as last_delivery_key
from last_attempts
inner join messages on last_attempts.message_key = messages.message_key;

comment on column recipient_outcomes.message_key is 'The message (messages)';
comment on column recipient_outcomes.queue_id is 'Its queue id';
comment on column recipient_outcomes.recipient is 'Envelope recipient after rewriting';
comment on column recipient_outcomes.orig_recipient is 'Recipient before rewriting, if different';
comment on column recipient_outcomes.last_status is
'Status of the last attempt; expired, deleted or requeued where the message ended so after it';
comment on column recipient_outcomes.last_dsn is 'Enhanced status code of the last attempt';
comment on column recipient_outcomes.last_relay_name is 'Where the last attempt went';
comment on column recipient_outcomes.last_reply is 'What was answered to the last attempt';
comment on column recipient_outcomes.attempt_count is 'Delivery attempts';
comment on column recipient_outcomes.first_attempt_at is 'End of the first attempt';
comment on column recipient_outcomes.last_attempt_at is 'End of the last attempt';
comment on column recipient_outcomes.last_delivery_key is 'The last attempt (deliveries)';
