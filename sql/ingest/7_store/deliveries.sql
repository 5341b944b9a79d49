-- Delivery attempts that the changed lines record
delete from deliveries
where delivery_key in (select line_key from message_lines where is_changed and is_stored);

insert into deliveries by name
select
    delivery_records.line_key as delivery_key,
    message_lines.message_key,
    delivery_records.* exclude (line_key)
from delivery_records
inner join message_lines
    on delivery_records.line_key = message_lines.line_key and message_lines.kind = 'delivery';
