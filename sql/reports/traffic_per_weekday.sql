-- One row per day of the week, Monday is 1: messages, bytes, recipients by outcome, rejections
create or replace view reports.traffic_per_weekday as
select
    part_no as weekday,
    * exclude (part_no)
from traffic_by('isodow')
order by weekday;
