-- What the changed lines tell of messages besides deliveries and decisions
delete from queue_events
where event_key in (select line_key from message_lines where is_changed and is_stored);

insert into queue_events by name
select
    message_lines.line_key as event_key,
    message_lines.message_key,
    message_lines.logged_at,
    message_lines.kind,
    notified_queue_ids.related_queue_id
from message_lines
left join notified_queue_ids on message_lines.line_key = notified_queue_ids.line_key
where
    message_lines.is_changed
    and message_lines.kind <> 'delivery'
    and not is_verdict(message_lines.kind)
order by event_key;
