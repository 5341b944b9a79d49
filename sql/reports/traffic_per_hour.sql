-- One row per hour of the day, of all days: messages, bytes, recipients by outcome, rejections
create or replace view reports.traffic_per_hour as
select
    part_no as hour,
    * exclude (part_no)
from traffic_by('hour')
order by hour;
