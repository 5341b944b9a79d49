-- One row per recipient: deliveries, bytes, deferrals, bounces, delays, the most deliveries first
create or replace view reports.recipients_by_volume as
select
    part_name as recipient,
    * exclude (part_name, recipient_count)
from recipients_by('recipient')
order by sent_count desc, size_bytes desc, recipient asc;
