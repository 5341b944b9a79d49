-- Delivery attempts that the changed lines record
delete from deliveries
where delivery_key in (select line_key from message_lines where is_changed and is_stored);

insert into deliveries by name
select
    delivery_records.line_key as delivery_key,
    message_lines.message_key,
    processes.host,
    processes.daemon as agent,
    processes.service,
    delivery_records.* exclude (line_key, header_id)
from delivery_records
inner join processes on delivery_records.header_id = processes.header_id
inner join message_lines
    on delivery_records.line_key = message_lines.line_key and message_lines.kind = 'delivery'
order by delivery_records.line_key;
