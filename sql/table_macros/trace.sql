-- The steps of all messages of an address, user, message-id or queue id: from trace('alice@example.com')
create or replace macro trace(term) as table
select * from message_flow
where
    message_key in (
        select messages.message_key from messages
        where
            messages.queue_id = term
            or messages.message_id = regexp_replace(term, '^<(.*)>$', '\1')
            or lower(messages.sender) = lower(regexp_replace(term, '^<(.*)>$', '\1'))
            or lower(messages.sasl_username) = lower(term)
        union all
        select deliveries.message_key from deliveries
        where
            lower(regexp_replace(term, '^<(.*)>$', '\1'))
            in (lower(deliveries.recipient), lower(deliveries.orig_recipient))
    )
order by
    min(logged_at) over (partition by message_key) asc nulls first,
    message_key asc,
    step_no asc;
