-- One row per hour of the day, of all days: connections of smtpd and how long they took, in seconds
create or replace view reports.connections_per_hour as
select
    date_part('hour', connected_at) as hour,
    count(*) as connection_count,
    rounded(avg(epoch(disconnected_at - connected_at))) as mean_seconds,
    rounded(max(epoch(disconnected_at - connected_at))) as longest_seconds
from main.connections
where daemon = 'smtpd' and in_period(connected_at) and on_host(host)
group by all
order by hour;
