-- What happened in the mailbox of a user, by a client, or to a message-id:
-- from mailbox_events_named('alice@example.com')
create or replace macro mailbox_events_named(term) as table
select
    mailbox_event_key as line_key,
    logged_at
from mailbox_events
where
    names_user(term, username)
    or names_message_id(term, message_id)
    or names_client(term, null, client_ip);
