-- One row per line of a message, with the message that it belongs to
create or replace temp table message_lines as
select
    queue_lines.*,
    case
        when queue_ids.has_several_lives then queue_lives.message_key
        else queue_ids.message_key
    end as message_key
from queue_lines
inner join queue_ids
    on
        queue_lines.queue_home_id = queue_ids.queue_home_id
        and queue_lines.queue_id = queue_ids.queue_id
left join queue_lives on queue_lines.line_key = queue_lives.line_key;
