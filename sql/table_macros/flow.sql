-- The steps of the messages with a queue id, and of their relatives: from flow('A123B45678C')
create or replace macro flow(wanted_queue_id) as table
select *
from flow_of(
    with_relatives(
        (
            select list(messages.message_key) from messages
            where messages.queue_id = wanted_queue_id
        )
    )
)
order by
    min(logged_at) over (partition by message_key) asc nulls first,
    message_key asc,
    step_no asc;
