-- Traffic by part of the day (hour) or of the week (isodow, Monday is 1)
create or replace macro traffic_by(part) as table
select
    date_part(part, begins_at) as part_no,
    total(message_count) as message_count,
    total(size_bytes) as size_bytes,
    total(sent_count) as sent_count,
    total(deferred_count) as deferred_count,
    total(bounced_count) as bounced_count,
    total(rejected_count) as rejected_count
from traffic_in_steps(interval 1 hour)
group by all;
