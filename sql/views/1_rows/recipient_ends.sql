-- One row per message, originally addressed recipient, destination and last word of what became of it,
-- through aliases, content filters, forwards and next hops up to the mailbox
create or replace view recipient_ends as
with last_attempts as (
    select
        deliveries.message_key,
        deliveries.queue_id,
        deliveries.recipient,
        deliveries.orig_recipient,
        max_by(
            deliveries.delivery_key,
            (deliveries.logged_at, log_files.first_logged_at, deliveries.delivery_key)
        ) as delivery_key,
        count(*) as attempt_count,
        min(deliveries.logged_at) as first_attempt_at
    from deliveries
    inner join log_files on deliveries.delivery_key >> 32 = log_files.file_key
    group by
        deliveries.message_key,
        deliveries.queue_id,
        deliveries.recipient,
        deliveries.orig_recipient
),

followed as (
    select
        last_attempts.* exclude (orig_recipient),
        coalesce(last_attempts.orig_recipient, last_attempts.recipient) as orig_recipient,
        coalesce(delivery_ends.end_message_key, last_attempts.message_key) as end_message_key,
        case
            when delivery_ends.delivery_key is null then last_attempts.delivery_key
            else delivery_ends.end_delivery_key
        end as end_delivery_key
    from last_attempts
    left join delivery_ends on last_attempts.delivery_key = delivery_ends.delivery_key
),

attempted as (
    select
        followed.* exclude (recipient),
        coalesce(attempts.recipient, followed.recipient) as destination,
        attempts.logged_at,
        attempts.status,
        attempts.dsn,
        attempts.relay_name,
        attempts.reply,
        attempts.remote_queue_id,
        messages.state_at,
        case
            when attempts.delivery_key is null then messages.state
            when attempts.status is null then 'unknown'
            when
                attempts.status = 'deferred'
                and messages.end_reason in ('expired', 'deleted', 'requeued')
                then messages.end_reason
            when attempts.status = 'deferred' and messages.state = 'on hold' then messages.state
            else delivery_outcome(
                attempts.agent, attempts.status, attempts.reply, attempts.remote_queue_id
            )
        end as outcome
    from followed
    inner join main.messages on followed.end_message_key = messages.message_key
    left join main.deliveries as attempts on followed.end_delivery_key = attempts.delivery_key
),

mailboxes as (
    select
        mailbox_delivery_links.message_key,
        user_key(mailbox_deliveries.username) as user_key,
        mailbox_deliveries.*
    from mailbox_delivery_links
    inner join mailbox_deliveries
        on mailbox_delivery_links.mailbox_delivery_key = mailbox_deliveries.mailbox_delivery_key
),

told as (
    select
        attempted.*,
        mailboxes.action,
        mailboxes.logged_at as mailbox_at,
        map {
            'relay': nullif(attempted.relay_name, 'none'),
            'reply': attempted.reply,
            'attempts': case
                when attempted.attempt_count > 1 then attempted.attempt_count::varchar
            end,
            'remote_queue_id': attempted.remote_queue_id
        } as facts,
        map {'mailbox': mailboxes.mailbox, 'target': mailboxes.target} as mailbox_facts,
        mailboxes.text as mailbox_text,
        message_states.meaning,
        message_states.meaning_ja
    from attempted
    left join message_states on attempted.outcome = message_states.state
    left join mailboxes
        on
            attempted.end_message_key = mailboxes.message_key
            and list_contains(user_keys(attempted.destination), mailboxes.user_key)
)

select
    message_key,
    queue_id,
    orig_recipient as recipient,
    destination,
    case when action = 'stored' then 'stored in mailbox' else coalesce(action, outcome) end
        as outcome,
    coalesce(mailbox_at, logged_at, state_at) as ended_at,
    attempt_count,
    first_attempt_at,
    status as last_status,
    dsn as last_dsn,
    relay_name as last_relay_name,
    reply as last_reply,
    end_message_key as last_message_key,
    end_delivery_key as last_delivery_key,
    case
        when action is not null
            then uncapitalized(sentence(mailbox_action(action, 'en'), mailbox_facts))
            || coalesce(' (' || mailbox_text || ')', '')
        else coalesce(
            sentence(outcome_words(outcome, 'en'), facts),
            meaning,
            outcome
        )
    end as detail,
    case
        when action is not null
            then sentence(mailbox_action(action, 'ja'), mailbox_facts)
            || coalesce('(' || mailbox_text || ')', '')
        else coalesce(
            sentence(outcome_words(outcome, 'ja'), facts),
            meaning_ja,
            outcome
        )
    end as detail_ja
from told;

comment on column recipient_ends.message_key is 'The message (messages)';
comment on column recipient_ends.queue_id is 'Its queue id';
comment on column recipient_ends.recipient is 'Recipient as addressed, before aliases';
comment on column recipient_ends.destination is
'Recipient of the last attempt: after aliases and forwards, wherever that was';
comment on column recipient_ends.outcome is
'Last word: of the mailbox server (mailbox_deliveries), else of the last attempt '
'(delivery_outcomes), else of the last message (messages.state)';
comment on column recipient_ends.ended_at is 'When that was';
comment on column recipient_ends.attempt_count is 'Delivery attempts of this message';
comment on column recipient_ends.first_attempt_at is 'End of the first of them';
comment on column recipient_ends.last_status is 'Status of the last attempt, wherever that was';
comment on column recipient_ends.last_dsn is 'Its enhanced status code (RFC 3463)';
comment on column recipient_ends.last_relay_name is 'Where it went';
comment on column recipient_ends.last_reply is 'What was answered to it';
comment on column recipient_ends.last_message_key is
'The message that it was of: this one, or one that came of it (messages)';
comment on column recipient_ends.last_delivery_key is 'The attempt (deliveries)';
comment on column recipient_ends.detail is 'What became of it, in English';
comment on column recipient_ends.detail_ja is 'The same in Japanese';
