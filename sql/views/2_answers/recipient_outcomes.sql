-- One row per message and originally addressed recipient: its last word, wherever that was said
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
)

select
    message_key,
    queue_id,
    recipient,
    string_agg(distinct outcome, ', ' order by outcome) as outcome,
    max(ended_at) as ended_at,
    any_value(destination_count) as destination_count,
    max(attempt_count) as attempt_count,
    min(first_attempt_at) as first_attempt_at,
    arg_max(last_status, (ended_at, last_delivery_key)) as last_status,
    arg_max(last_dsn, (ended_at, last_delivery_key)) as last_dsn,
    arg_max(last_relay_name, (ended_at, last_delivery_key)) as last_relay_name,
    arg_max(last_reply, (ended_at, last_delivery_key)) as last_reply,
    arg_max(last_message_key, (ended_at, last_delivery_key)) as last_message_key,
    max_by(last_delivery_key, (ended_at, last_delivery_key)) as last_delivery_key,
    string_agg(name || detail, '; ' order by ended_at, name, detail) as detail,
    string_agg(
        distinct coalesce(outcome_words(outcome, 'short_ja'), outcome),
        '、'
        order by coalesce(outcome_words(outcome, 'short_ja'), outcome)
    ) as outcome_ja,
    string_agg(name || detail_ja, '、' order by ended_at, name, detail_ja) as detail_ja
from named
group by message_key, queue_id, recipient;

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
