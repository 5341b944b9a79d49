-- Deliveries, events and rejections of a message lead to it
select
    'deliveries' as table_name,
    deliveries.delivery_key as row_key,
    deliveries.message_key
from deliveries
anti join messages on deliveries.message_key = messages.message_key
where deliveries.message_key is not null
union all
select
    'queue_events' as table_name,
    queue_events.event_key as row_key,
    queue_events.message_key
from queue_events
anti join messages on queue_events.message_key = messages.message_key
where queue_events.message_key is not null
union all
select
    'rejections' as table_name,
    rejections.rejection_key as row_key,
    rejections.message_key
from rejections
anti join messages on rejections.message_key = messages.message_key
where rejections.message_key is not null
union all
select
    'notices' as table_name,
    notices.notice_key as row_key,
    notices.message_key
from notices
anti join messages on notices.message_key = messages.message_key
where notices.message_key is not null
union all
select
    'message_links' as table_name,
    message_links.child_key as row_key,
    message_links.child_key as message_key
from message_links
anti join messages on message_links.child_key = messages.message_key
union all
select
    'message_links' as table_name,
    message_links.child_key as row_key,
    message_links.parent_key as message_key
from message_links
anti join messages on message_links.parent_key = messages.message_key
order by table_name, row_key;
