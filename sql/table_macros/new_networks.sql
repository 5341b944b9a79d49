-- Networks from which an account logged in for the first time, on a later day than its first login at all
create or replace macro new_networks() as table
with networks as (
    select
        username,
        network,
        min(logged_at) as first_at,
        max(logged_at) as last_at,
        max_by(client_ip, logged_at) as client_ip,
        total(occurrences) as login_count,
        string_agg(distinct protocol, ', ' order by protocol) as protocols
    from worked_logins()
    where not is_near(client_ip)
    group by username, network
),

compared as (
    select
        *,
        min(first_at) over (partition by username) as known_since,
        rank() over (partition by username order by first_at) - 1 as known_network_count
    from networks
)

select *
from compared
where in_period(first_at) and first_at::date > known_since::date;
