-- One row per step of the period (time_step): how long delivery took, in seconds
create or replace view reports.delays_over_time as
select
    begin_of_step(time_step(), logged_at) as begins_at,
    count(*) as sent_count,
    rounded(quantile_cont(delay_seconds, 0.5)) as median_delay_seconds,
    rounded(quantile_cont(delay_seconds, 0.95)) as p95_delay_seconds,
    rounded(max(delay_seconds)) as longest_delay_seconds
from main.deliveries
where status = 'sent' and in_period(logged_at) and on_host(host) and of_domain(recipient)
group by all
order by begins_at;
