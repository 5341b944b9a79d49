-- One row per day: connections of smtpd and how long they took, in seconds
create or replace view reports.connections_per_day as
select
    connected_at::date as day,
    count(*) as connection_count,
    rounded(sum(seconds)) as total_seconds,
    rounded(avg(seconds)) as mean_seconds,
    rounded(max(seconds)) as longest_seconds
from smtpd_connections()
group by all
order by day;
