-- One row per message that may have got or lost a mailbox delivery
create or replace temp table linkable_messages as
with changed_deliveries as (
    select
        mailbox_deliveries.mailbox_delivery_key,
        mailbox_deliveries.session_id,
        mailbox_deliveries.message_id
    from mailbox_deliveries
    semi join changed_lines on mailbox_deliveries.mailbox_delivery_key = changed_lines.line_key
),

-- Of a proxy too, the session that Postfix knows
sessions as (
    select session_id from changed_deliveries
    union
    select mailbox_deliveries.session_id from mailbox_deliveries
    semi join changed_deliveries
        on mailbox_deliveries.remote_session_id = changed_deliveries.session_id
)

select message_key from touched_messages
union
select mailbox_delivery_links.message_key from mailbox_delivery_links
semi join changed_deliveries
    on mailbox_delivery_links.mailbox_delivery_key = changed_deliveries.mailbox_delivery_key
union
select deliveries.message_key from deliveries
semi join sessions on deliveries.remote_session_id = sessions.session_id
union
select messages.message_key from messages
semi join changed_deliveries on messages.message_id = changed_deliveries.message_id;
