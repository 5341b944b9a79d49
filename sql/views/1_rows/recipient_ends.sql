-- One row per message, originally addressed recipient, destination and last word of what became of it,
-- through aliases, content filters, forwards and next hops up to the mailbox
create or replace view recipient_ends as
-- The attempts for each recipient, by whichever alias, that were not made again
with attempts as (
    select
        deliveries.message_key,
        deliveries.queue_id,
        deliveries.recipient,
        deliveries.orig_recipient,
        deliveries.delivery_key,
        deliveries.status,
        count(*) over of_recipient as attempt_count,
        min(deliveries.logged_at) over of_recipient as first_attempt_at,
        row_number() over (
            partition by
                deliveries.message_key,
                deliveries.queue_id,
                deliveries.recipient,
                deliveries.orig_recipient
            order by
                deliveries.logged_at desc nulls last,
                log_files.first_logged_at desc nulls last,
                deliveries.delivery_key desc
        ) as nth_last
    from deliveries
    inner join log_files on deliveries.delivery_key >> 32 = log_files.file_key
    window
        of_recipient as (
            partition by
                deliveries.message_key,
                deliveries.queue_id,
                deliveries.recipient,
                deliveries.orig_recipient
        )
),

last_attempts as (
    select * exclude (status, nth_last) from attempts
    where nth_last = 1 or not is_deferral(status)
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
        attempts.delivery_key as attempted_key,
        attempts.logged_at,
        attempts.status,
        attempts.dsn,
        attempts.relay_name,
        attempts.reply,
        attempts.remote_queue_id,
        messages.state_at,
        messages.state,
        messages.end_reason,
        case
            -- The filter that gave this message back did not do so for this recipient
            when attempts.message_key <> followed.end_message_key
                then filter_rest(attempts.reply)
            else attempts.own_outcome
        end as attempted_outcome
    from followed
    inner join main.messages on followed.end_message_key = messages.message_key
    left join main.deliveries as attempts on followed.end_delivery_key = attempts.delivery_key
),

-- A deferral is no last word where the message has one
ended as (
    select
        *,
        attempted_key is null
        or (
            attempted_outcome = 'deferred'
            and (
                coalesce(end_reason in ('expired', 'deleted', 'requeued', 'filtered'), false)
                or state = 'on hold'
            )
        ) as is_of_message,
        case
            when attempted_key is null then state
            when is_of_message then coalesce(end_reason, state)
            else attempted_outcome
        end as outcome
    from attempted
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
        ended.*,
        mailboxes.action,
        mailboxes.logged_at as mailbox_at,
        map {
            'relay': nullif(ended.relay_name, 'none'),
            'reply': ended.reply,
            'attempts': case
                when ended.attempt_count > 1 then ended.attempt_count::varchar
            end,
            'remote_queue_id': ended.remote_queue_id
        } as facts,
        map {'mailbox': mailboxes.mailbox, 'target': mailboxes.target} as mailbox_facts,
        mailboxes.text as mailbox_text,
        message_states.meaning,
        message_states.state_ja,
        message_states.meaning_ja
    from ended
    left join message_states on ended.outcome = message_states.state
    left join mailboxes
        on
            ended.end_message_key = mailboxes.message_key
            and list_contains(user_keys(ended.destination), mailboxes.user_key)
            -- Its word on this attempt, and not on one before
            and coalesce(
                mailboxes.logged_at between ended.logged_at - interval 5 minutes
                and ended.logged_at + interval 5 minutes,
                true
            )
)

select
    message_key,
    queue_id,
    orig_recipient as recipient,
    destination,
    case when action = 'stored' then 'stored in mailbox' else coalesce(action, outcome) end
        as outcome,
    coalesce(mailbox_at, case when is_of_message then state_at end, logged_at, state_at)
        as ended_at,
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
    coalesce(
        outcome_words(
            case when action = 'stored' then 'stored in mailbox' else coalesce(action, outcome) end,
            'short_ja'
        ),
        state_ja,
        action,
        outcome
    ) as outcome_ja,
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
comment on column recipient_ends.outcome_ja is 'The outcome in Japanese';
comment on column recipient_ends.detail_ja is 'What became of it, in Japanese';
