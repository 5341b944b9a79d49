-- One row per account, protocol and method that logged in over the network without TLS, the latest first
create or replace view reports.logins_without_tls as
select
    lower(username) as username,
    protocol,
    method,
    total(occurrences) as login_count,
    count(distinct client_ip) as address_count,
    max_by(client_ip, logged_at) as client_ip,
    min(logged_at) as first_at,
    max(logged_at) as last_at
from main.logins
where
    is_success
    and not is_tls
    and not is_near(client_ip)
    and in_period(logged_at)
    and on_host(host)
    and of_domain(username)
group by all
order by last_at desc, username asc, protocol asc, method asc;
