-- Delivery attempts that the changed lines record
delete from deliveries
where delivery_key in (select line_key from message_lines where is_changed and is_stored);

insert into deliveries
select
    delivery_records.line_key,
    message_lines.message_key,
    message_lines.logged_at,
    message_lines.host,
    message_lines.queue_id,
    changed_lines.daemon,
    program_service(changed_lines.program),
    delivery_records.* exclude (line_key)
from delivery_records
inner join message_lines on delivery_records.line_key = message_lines.line_key
inner join changed_lines on delivery_records.line_key = changed_lines.line_key;
