-- The steps of the messages with a queue id: from flow('A123B45678C')
create or replace macro flow(wanted_queue_id) as table
select *
from flow_of(
    (
        select list(messages.message_key) from messages
        where messages.queue_id = wanted_queue_id
    )
)
order by message_key, step_no;
