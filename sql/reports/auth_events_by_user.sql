-- One row per login name, database or mechanism, and what the auth process said of it, the most often said first
create or replace view reports.auth_events_by_user as
select
    lower(username) as username,
    driver,
    outcome,
    total(line_count) as event_count,
    count(distinct client_ip) as address_count,
    max(logged_at) as last_at
from main.auth_events
where in_period(logged_at) and on_host(host) and of_domain(username)
group by all
order by event_count desc, username asc, driver asc, outcome asc;
