-- The messages that a term names: by queue id, message-id, subject, sender, login, client, recipient or
-- mailbox; or those from the one to the other: from messages_named('@example.com', 'bob@example.org')
create or replace macro messages_named(term, to_term := null) as table
with sent as (
    select messages.message_key from messages
    where
        case
            when term_form(term) in ('queue id', 'word') then messages.queue_id = term else false
        end
        or names_message_id(term, messages.message_id)
        or names_subject(term, messages.subject)
        or names_address(term, messages.sender)
        or names_user(term, messages.sasl_username)
        or names_client(term, messages.client_name, messages.client_ip)
        or names_client(term, messages.orig_client_name, messages.orig_client_ip)
),

received as (
    select deliveries.message_key from deliveries
    where
        names_address(coalesce(to_term, term), deliveries.recipient)
        or names_address(coalesce(to_term, term), deliveries.orig_recipient)
    union
    select * from messages_of_mailbox(coalesce(to_term, term))
),

found as (
    select * from sent
    where to_term is null
    union
    select * from received
    where to_term is null
    union
    (
        select * from sent
        where to_term is not null
        intersect
        select * from received
    )
)

select
    messages.message_key as line_key,
    messages.queued_at as logged_at
from messages
semi join found on messages.message_key = found.message_key;
