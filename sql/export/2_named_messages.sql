-- One row per message that names who is asked for, and whether it falls into the period: it was
-- queued in it, or an attempt to deliver it ended there
create or replace temp table named_messages as
with named as (
    select message_key from messages
    where is_asked_for(sender) or is_asked_for(sasl_username)
    union
    select message_key from deliveries
    where is_asked_for(recipient) or is_asked_for(orig_recipient)
    union
    select message_key from rejections
    where is_asked_for(sender) or is_asked_for(recipient) or is_asked_for(sasl_username)
    union
    select mailbox_delivery_links.message_key
    from mailbox_delivery_links
    inner join mailbox_deliveries
        on mailbox_delivery_links.mailbox_delivery_key = mailbox_deliveries.mailbox_delivery_key
    where is_asked_for(mailbox_deliveries.username)
),

attempted as (
    select deliveries.message_key
    from deliveries
    semi join named on deliveries.message_key = named.message_key
    where in_period(deliveries.logged_at)
    group by deliveries.message_key
)

select
    messages.message_key,
    messages.queued_at,
    coalesce(in_period(messages.queued_at), false) or attempted.message_key is not null
        as is_in_period
from messages
semi join named on messages.message_key = named.message_key
left join attempted on messages.message_key = attempted.message_key
where on_host(messages.host);
