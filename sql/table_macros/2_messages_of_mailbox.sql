-- The messages that were delivered to the mailbox of a user: from messages_of_mailbox('frank')
create or replace macro messages_of_mailbox(term) as table
with mailbox_deliveries as (
    select * from main.mailbox_deliveries
    where names_user(term, username)
),

links as (
    select * from text_of.mailbox_delivery_links
)

select distinct message_key from links;
