-- The messages that were delivered to the mailbox of a user: from messages_of_mailbox('frank')
create or replace macro messages_of_mailbox(term) as table
select distinct mailbox_delivery_links.message_key
from mailbox_delivery_links
inner join mailbox_deliveries
    on mailbox_delivery_links.mailbox_delivery_key = mailbox_deliveries.mailbox_delivery_key
where names_user(term, mailbox_deliveries.username);
