-- One row per protocol, login name and client address that logged in, the most logins first
create or replace view reports.logins_by_client as
select
    protocol,
    lower(username) as username,
    client_ip,
    total(occurrences) as login_count,
    min(logged_at) as first_at,
    max(logged_at) as last_at
from main.logins
where is_success and in_period(logged_at) and on_host(host) and of_domain(username)
group by all
order by login_count desc, protocol asc, username asc, client_ip asc;
