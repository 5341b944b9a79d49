-- One row per process, with the queue and the mail system that it belongs to
create or replace temp table processes as
select
    *,
    min(header_id) over (partition by host, instance) as queue_home_id,
    min(header_id) over (partition by host, family) as mail_system_id
from headers;
