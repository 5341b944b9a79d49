-- One row per next hop: how long delivery took, in seconds
create or replace view reports.delays_by_destination as
select
    lower(relay_name) as relay_name,
    count(*) as sent_count,
    rounded(quantile_cont(delay_seconds, 0.5)) as median_delay_seconds,
    rounded(quantile_cont(delay_seconds, 0.95)) as p95_delay_seconds,
    rounded(max(delay_seconds)) as longest_delay_seconds,
    rounded(quantile_cont(before_qmgr_seconds, 0.5)) as median_before_qmgr_seconds,
    rounded(quantile_cont(in_qmgr_seconds, 0.5)) as median_in_qmgr_seconds,
    rounded(quantile_cont(connection_seconds, 0.5)) as median_connection_seconds,
    rounded(quantile_cont(transmission_seconds, 0.5)) as median_transmission_seconds
from main.deliveries
where status = 'sent' and in_period(logged_at) and on_host(host) and of_domain(recipient)
group by lower(relay_name)
order by sent_count desc, relay_name asc;
