-- The steps of all messages of an address, user, message-id or queue id, and of their relatives: from trace('alice@example.com')
create or replace macro trace(term) as table
with wanted as (
    select regexp_replace(term, '^<(.*)>$', '\1') as word
),

found as (
    select messages.message_key from messages
    cross join wanted
    where
        messages.queue_id = wanted.word
        or messages.message_id = wanted.word
        or lower(messages.sender) = lower(wanted.word)
        or lower(messages.sasl_username) = lower(wanted.word)
    union
    select deliveries.message_key from deliveries
    cross join wanted
    where
        lower(deliveries.recipient) = lower(wanted.word)
        or lower(deliveries.orig_recipient) = lower(wanted.word)
)

select * from flow_of(with_relatives((select list(found.message_key) from found)))
order by
    min(logged_at) over (partition by message_key) asc nulls first,
    message_key asc,
    step_no asc;
