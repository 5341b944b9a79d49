-- One row per domain of recipients: deliveries, bytes, deferrals, bounces, delays, the most deliveries first
create or replace view reports.recipients_by_domain as
select
    part_name as domain,
    * exclude (part_name)
from recipients_by('domain')
order by sent_count desc, size_bytes desc, domain asc;
