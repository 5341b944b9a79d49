-- One row per step of the period (time_step): messages, bytes, recipients by outcome, rejections
create or replace view reports.traffic_over_time as
select * from traffic_in_steps(time_step())
order by begins_at;
