-- One row per mail that Sieve sent on, which the lines at hand tell, or the delivery before

-- The deliveries that may have led there: Message-ID and time
create or replace temp table mailbox_attempts as
select
    messages.message_id,
    deliveries.logged_at
from message_lines
inner join deliveries on message_lines.line_key = deliveries.delivery_key
inner join messages on message_lines.message_key = messages.message_key
where
    message_lines.kind = 'delivery'
    and deliveries.agent in ('lmtp', 'pipe', 'local', 'virtual')
    and messages.message_id is not null;

set variable redirected_since = (select min(logged_at) - removal_grace() from mailbox_attempts);

set variable redirected_until = (select max(logged_at) + removal_grace() from mailbox_attempts);

-- The mails themselves
create or replace temp table redirects_at_hand as
select
    message_id,
    logged_at
from mailbox_deliveries
where
    action = 'forwarded'
    and message_id is not null
    and mailbox_delivery_key in (select line_key from changed_lines)
union
select
    message_id,
    logged_at
from mailbox_deliveries
where
    action = 'forwarded'
    and logged_at between getvariable('redirected_since') and getvariable('redirected_until')
    and message_id in (select message_id from mailbox_attempts);

-- When the messages were handed in that it was sent on as
set variable sent_on_since = (select min(logged_at) - removal_grace() from redirects_at_hand);

set variable sent_on_until = (select max(logged_at) + removal_grace() from redirects_at_hand);
