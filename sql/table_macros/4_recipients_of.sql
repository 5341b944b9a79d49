-- What became of each recipient of some messages: the mailbox server's word, else that of the last
-- delivery attempt. The one place that decides it for mailsql trace
create or replace macro recipients_of(message_keys) as table
with keys as (
    select unnest(message_keys) as message_key
),

messages as (
    select messages.* from main.messages
    semi join keys on messages.message_key = keys.message_key
),

deliveries as (
    select deliveries.* from main.deliveries
    semi join keys on deliveries.message_key = keys.message_key
),

delivery_outcomes as (
    select * from text_of.delivery_outcomes
),

recipient_outcomes as (
    select * from text_of.recipient_outcomes
),

mailbox_delivery_links as (
    select * from text_of.mailbox_delivery_links
),

mailbox_outcomes as (
    select
        mailbox_delivery_links.message_key,
        user_key(mailbox_deliveries.username) as user_key,
        mailbox_deliveries.logged_at,
        mailbox_deliveries.mailbox_delivery_key,
        case
            when mailbox_deliveries.action = 'stored' then 'stored in mailbox'
            else mailbox_deliveries.action
        end as outcome,
        map {
            'action_en': uncapitalized(
                sentence(
                    mailbox_action(mailbox_deliveries.action, 'en'),
                    map {
                        'mailbox': mailbox_deliveries.mailbox, 'target': mailbox_deliveries.target
                    }
                )
            ),
            'action_ja': sentence(
                mailbox_action(mailbox_deliveries.action, 'ja'),
                map {'mailbox': mailbox_deliveries.mailbox, 'target': mailbox_deliveries.target}
            ),
            'text': mailbox_deliveries.text
        } as facts
    from mailbox_delivery_links
    inner join mailbox_deliveries
        on mailbox_delivery_links.mailbox_delivery_key = mailbox_deliveries.mailbox_delivery_key
),

mailbox_words as (
    select
        message_key,
        user_key,
        string_agg(
            distinct outcome_words(outcome, 'short_en'),
            ', '
            order by outcome_words(outcome, 'short_en')
        ) as outcome,
        string_agg(
            distinct outcome_words(outcome, 'short_ja'),
            '、'
            order by outcome_words(outcome, 'short_ja')
        ) as outcome_ja,
        string_agg(
            sentence('{action_en}| ({text})|', facts),
            '; '
            order by logged_at, mailbox_delivery_key
        ) as detail,
        string_agg(
            sentence('{action_ja}|({text})|', facts),
            '、'
            order by logged_at, mailbox_delivery_key
        ) as detail_ja
    from mailbox_outcomes
    group by message_key, user_key
),

last_attempts as (
    select
        recipient_outcomes.message_key,
        recipient_outcomes.recipient,
        case
            when recipient_outcomes.last_status is null then 'unknown'
            when recipient_outcomes.last_status in ('expired', 'deleted', 'requeued')
                then recipient_outcomes.last_status
            else delivery_outcomes.outcome
        end as outcome,
        map {
            'relay': nullif(recipient_outcomes.last_relay_name, 'none'),
            'reply': recipient_outcomes.last_reply,
            'attempts': case
                when recipient_outcomes.attempt_count > 1
                    then recipient_outcomes.attempt_count::varchar
            end,
            'remote_queue_id': deliveries.remote_queue_id
        } as facts
    from recipient_outcomes
    inner join deliveries on recipient_outcomes.last_delivery_key = deliveries.delivery_key
    inner join delivery_outcomes
        on recipient_outcomes.last_delivery_key = delivery_outcomes.delivery_key
)

select
    last_attempts.message_key,
    last_attempts.recipient,
    coalesce(
        mailbox_words.outcome,
        outcome_words(last_attempts.outcome, 'short_en'),
        last_attempts.outcome
    ) as outcome,
    coalesce(
        mailbox_words.outcome_ja,
        outcome_words(last_attempts.outcome, 'short_ja'),
        last_attempts.outcome
    ) as outcome_ja,
    coalesce(
        mailbox_words.detail,
        sentence(outcome_words(last_attempts.outcome, 'en'), last_attempts.facts),
        last_attempts.outcome
    ) as detail,
    coalesce(
        mailbox_words.detail_ja,
        sentence(outcome_words(last_attempts.outcome, 'ja'), last_attempts.facts),
        last_attempts.outcome
    ) as detail_ja
from last_attempts
left join mailbox_words
    on
        last_attempts.message_key = mailbox_words.message_key
        and list_contains(user_keys(last_attempts.recipient), mailbox_words.user_key)
order by last_attempts.message_key asc, last_attempts.recipient asc;
