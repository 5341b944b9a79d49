-- One row per account and hour in which it logged in from several providers' networks (/16, /32; 3: networks_an_hour), the most first
create or replace view reports.logins_far_apart as
select
    username,
    date_trunc('hour', logged_at) as hour_at,
    count(distinct wide_network(client_ip)) as network_count,
    count(distinct client_ip) as address_count,
    total(occurrences) as login_count,
    string_agg(distinct wide_network(client_ip), ', ' order by wide_network(client_ip))
        as networks,
    max(logged_at) as last_at
from worked_logins()
where is_now and not is_near(client_ip)
group by all
having count(distinct wide_network(client_ip)) >= threshold('networks_an_hour')
order by network_count desc, login_count desc, username asc, hour_at asc;
