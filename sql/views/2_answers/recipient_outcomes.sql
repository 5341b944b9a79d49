-- One row per message and recipient: how it ended, after how many attempts
create or replace view recipient_outcomes as
select
    message_key,
    any_value(queue_id) as queue_id,
    recipient,
    max_by(orig_recipient, delivery_key) as orig_recipient,
    max_by(status, (logged_at, delivery_key)) as last_status,
    max_by(dsn, (logged_at, delivery_key)) as last_dsn,
    max_by(relay_name, (logged_at, delivery_key)) as last_relay_name,
    max_by(reply, (logged_at, delivery_key)) as last_reply,
    count(*) as attempt_count,
    min(logged_at) as first_attempt_at,
    max(logged_at) as last_attempt_at,
    max_by(delivery_key, (logged_at, delivery_key)) as last_delivery_key
from deliveries
group by message_key, recipient;

comment on column recipient_outcomes.message_key is 'The message (messages)';
comment on column recipient_outcomes.queue_id is 'Its queue id';
comment on column recipient_outcomes.recipient is 'Envelope recipient after rewriting';
comment on column recipient_outcomes.orig_recipient is 'Recipient before rewriting, if different';
comment on column recipient_outcomes.last_status is 'Status of the last attempt';
comment on column recipient_outcomes.last_dsn is 'Enhanced status code of the last attempt';
comment on column recipient_outcomes.last_relay_name is 'Where the last attempt went';
comment on column recipient_outcomes.last_reply is 'What was answered to the last attempt';
comment on column recipient_outcomes.attempt_count is 'Delivery attempts';
comment on column recipient_outcomes.first_attempt_at is 'End of the first attempt';
comment on column recipient_outcomes.last_attempt_at is 'End of the last attempt';
comment on column recipient_outcomes.last_delivery_key is 'The last attempt (deliveries)';
