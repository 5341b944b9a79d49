-- One row per message and originally addressed recipient with an attempt: its last word, wherever that was
-- said. What was refused, held or discarded before has none (rejections)
create or replace view recipient_outcomes as
with several as (
    select
        *,
        count(distinct destination) over (partition by message_key, queue_id, recipient)
            as destination_count
    from recipient_ends
),

named as (
    select
        *,
        case when destination_count > 1 then coalesce(destination, '?') || ': ' else '' end as name
    from several
),

told as (
    select
        message_key,
        queue_id,
        recipient,
        string_agg(distinct outcome, ', ' order by outcome) as outcome,
        max(ended_at) as ended_at,
        any_value(destination_count) as destination_count,
        max(attempt_count) as attempt_count,
        min(first_attempt_at) as first_attempt_at,
        arg_max(
            {
                'status': last_status,
                'dsn': last_dsn,
                'relay_name': last_relay_name,
                'reply': last_reply,
                'message_key': last_message_key,
                'delivery_key': last_delivery_key
            },
            (coalesce(ended_at, 'epoch'), name, detail)
        ) as last_end,
        string_agg(name || detail, '; ' order by ended_at, name, detail) as detail,
        string_agg(distinct outcome_ja, '、' order by outcome_ja) as outcome_ja,
        string_agg(name || detail_ja, '、' order by ended_at, name, detail_ja) as detail_ja
    from named
    group by message_key, queue_id, recipient
)

select
    message_key,
    queue_id,
    recipient,
    outcome,
    ended_at,
    destination_count,
    attempt_count,
    first_attempt_at,
    last_end.status as last_status,
    last_end.dsn as last_dsn,
    last_end.relay_name as last_relay_name,
    last_end.reply as last_reply,
    last_end.message_key as last_message_key,
    last_end.delivery_key as last_delivery_key,
    detail,
    outcome_ja,
    detail_ja
from told;

comment on column recipient_outcomes.message_key is 'The message (messages)';
comment on column recipient_outcomes.queue_id is 'Its queue id';
comment on column recipient_outcomes.recipient is 'Recipient as addressed, before aliases';
comment on column recipient_outcomes.outcome is
'What became of it: of the mailbox server''s words (mailbox_deliveries), of the last attempt '
'(delivery_outcomes) or of the last message (messages.state); several after commas';
comment on column recipient_outcomes.ended_at is 'When that was';
comment on column recipient_outcomes.destination_count is
'Addresses that aliases and forwards made of it';
comment on column recipient_outcomes.attempt_count is 'Delivery attempts of this message';
comment on column recipient_outcomes.first_attempt_at is 'End of the first of them';
comment on column recipient_outcomes.last_status is 'Status of the last attempt, wherever that was';
comment on column recipient_outcomes.last_dsn is 'Its enhanced status code (RFC 3463)';
comment on column recipient_outcomes.last_relay_name is 'Where it went';
comment on column recipient_outcomes.last_reply is 'What was answered to it';
comment on column recipient_outcomes.last_message_key is
'The message that it was of: this one, or one that came of it (messages)';
comment on column recipient_outcomes.last_delivery_key is 'The attempt (deliveries)';
comment on column recipient_outcomes.detail is 'What became of it, in English';
comment on column recipient_outcomes.outcome_ja is 'The outcome in Japanese';
comment on column recipient_outcomes.detail_ja is 'What became of it, in Japanese';
