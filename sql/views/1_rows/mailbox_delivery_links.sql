-- One row per mailbox delivery and message that it delivered, with what tells it
create or replace view mailbox_delivery_links as
-- The id of the LMTP transaction in Postfix's reply
select distinct
    mailbox_deliveries.mailbox_delivery_key,
    deliveries.message_key,
    'session' as evidence
from mailbox_deliveries
inner join deliveries on mailbox_deliveries.session_id = deliveries.remote_session_id
union all
-- A proxy answers with its own id, and logs that of the server behind it
select distinct
    mailbox_deliveries.mailbox_delivery_key,
    deliveries.message_key,
    'session behind a proxy' as evidence
from mailbox_deliveries as proxied
inner join deliveries on proxied.session_id = deliveries.remote_session_id
inner join mailbox_deliveries on proxied.remote_session_id = mailbox_deliveries.session_id
union all
-- Without such an id: message-id, user and time
select distinct
    mailbox_deliveries.mailbox_delivery_key,
    messages.message_key,
    'message-id' as evidence
from mailbox_deliveries
inner join messages on mailbox_deliveries.message_id = messages.message_id
inner join deliveries on messages.message_key = deliveries.message_key
where
    (
        (mailbox_deliveries.agent = 'lda' or mailbox_deliveries.session_id is null)
        and deliveries.status = 'sent'
        -- What fails is answered without the id of the transaction
        or mailbox_deliveries.action in ('quota full', 'failed', 'rejected')
        and deliveries.status in ('deferred', 'bounced')
    )
    and deliveries.agent in ('local', 'virtual', 'lmtp', 'pipe')
    and list_contains(user_keys(deliveries.recipient), user_key(mailbox_deliveries.username))
    and mailbox_deliveries.logged_at
    between deliveries.logged_at - interval 5 minutes and deliveries.logged_at + interval 1 minute;

comment on column mailbox_delivery_links.mailbox_delivery_key is
'The mailbox delivery (mailbox_deliveries)';
comment on column mailbox_delivery_links.message_key is 'The message (messages)';
comment on column mailbox_delivery_links.evidence is
'What tells it: session, session behind a proxy, or message-id (with user and time)';
