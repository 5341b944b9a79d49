-- One row per way in which connections ended, and where, the commonest first
create or replace view reports.connections_by_end as
select
    daemon,
    service,
    coalesce(end_reason, 'still open') as end_reason,
    end_stage,
    count(*) as connection_count,
    count(distinct client_ip) as client_count,
    max(coalesce(disconnected_at, connected_at)) as last_at
from main.connections
where in_period(coalesce(connected_at, disconnected_at)) and on_host(host)
group by all
order by connection_count desc, daemon asc, service asc, end_reason asc, end_stage asc;
