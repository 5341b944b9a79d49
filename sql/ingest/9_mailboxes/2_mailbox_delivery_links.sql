-- The mailbox deliveries of the messages at hand, found again
delete from mailbox_delivery_links
where
    message_key in (select message_key from linkable_messages)
    or message_key in (
        select line_key from message_lines
        where is_stored
    );

insert into mailbox_delivery_links by name
-- Attempts that a mailbox server can have taken, with what its users may be called
with handed as (
    select
        deliveries.message_key,
        deliveries.agent,
        deliveries.status,
        deliveries.logged_at,
        deliveries.remote_session_id,
        user_keys(deliveries.recipient) as user_keys,
        messages.message_id
    from deliveries
    semi join linkable_messages on deliveries.message_key = linkable_messages.message_key
    inner join messages on deliveries.message_key = messages.message_key
    where deliveries.agent in ('local', 'virtual', 'lmtp', 'pipe')
),

-- The id of the LMTP transaction in Postfix's reply. Whoever got a mail knows such ids: it counts
-- only where user or message-id bear it out
answered as (
    select
        mailbox_deliveries.mailbox_delivery_key,
        mailbox_deliveries.logged_at,
        mailbox_deliveries.username,
        mailbox_deliveries.remote_session_id,
        handed.message_key,
        handed.user_keys,
        handed.message_id
    from mailbox_deliveries
    inner join handed on mailbox_deliveries.session_id = handed.remote_session_id
    where
        handed.agent = 'lmtp'
        and mailbox_deliveries.logged_at
        between handed.logged_at - interval 5 minutes and handed.logged_at + interval 5 minutes
        and (
            list_contains(handed.user_keys, user_key(mailbox_deliveries.username))
            or mailbox_deliveries.message_id = handed.message_id
        )
)

select distinct
    mailbox_delivery_key,
    message_key,
    'session' as evidence
from answered
union all
-- A proxy answers with its own id, and logs that of the server behind it
select distinct
    mailbox_deliveries.mailbox_delivery_key,
    answered.message_key,
    'session behind a proxy' as evidence
from answered
inner join mailbox_deliveries on answered.remote_session_id = mailbox_deliveries.session_id
where
    mailbox_deliveries.logged_at
    between answered.logged_at - interval 5 minutes and answered.logged_at + interval 5 minutes
    and (
        list_contains(answered.user_keys, user_key(mailbox_deliveries.username))
        or user_key(mailbox_deliveries.username) = user_key(answered.username)
        or mailbox_deliveries.message_id = answered.message_id
    )
union all
-- Without such an id: message-id, user and time
select distinct
    mailbox_deliveries.mailbox_delivery_key,
    handed.message_key,
    'message-id' as evidence
from mailbox_deliveries
inner join handed on mailbox_deliveries.message_id = handed.message_id
where
    (
        (mailbox_deliveries.agent = 'lda' or mailbox_deliveries.session_id is null)
        and handed.status = 'sent'
        -- What fails is answered without the id of the transaction
        or mailbox_deliveries.action in ('quota full', 'failed', 'rejected')
        and handed.status in ('deferred', 'bounced')
    )
    and list_contains(handed.user_keys, user_key(mailbox_deliveries.username))
    and mailbox_deliveries.logged_at
    between handed.logged_at - interval 5 minutes and handed.logged_at + interval 1 minute
order by mailbox_delivery_key, message_key, evidence;
