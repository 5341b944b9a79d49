-- One row per network of clients (/24 of IPv4, /48 of IPv6): logins and failed attempts, the most failed attempts first
create or replace view reports.logins_by_network as
select
    network(client_ip) as network,
    coalesce(total(case when is_success then occurrences end), 0) as login_count,
    coalesce(total(case when not is_success then attempts(attempt_count, occurrences) end), 0)
        as failed_attempt_count,
    count(distinct client_ip) as address_count,
    count(distinct lower(username)) as username_count,
    string_agg(distinct protocol, ', ' order by protocol) as protocols,
    max(logged_at) filter (where is_success) as last_login_at,
    max(logged_at) filter (where not is_success) as last_failure_at
from main.logins
where in_period(logged_at) and on_host(host) and of_domain(username)
group by all
order by failed_attempt_count desc, login_count desc, network asc;
