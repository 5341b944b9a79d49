-- The messages whose queue ids are at hand, or are named there. A queue id says nothing of where its
-- message stands in the table: all of it is read
create or replace temp table found_messages as
with named as (
    select queue_id from queue_ids
    union
    select related_queue_id as queue_id from queue_events
    where
        related_queue_id is not null
        and event_key in (select line_key from message_lines)
    union
    select remote_queue_id as queue_id from deliveries
    where
        remote_queue_id is not null
        and delivery_key in (select line_key from message_lines where kind = 'delivery')
)

select
    message_key,
    queue_id,
    message_id
from messages
where queue_id in (select queue_id from named);
