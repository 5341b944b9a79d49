-- One row per network that tried three or more login names in vain, the most names first
create or replace view reports.password_guessing_by_network as
select
    network,
    count(distinct lower(username)) as username_count,
    count(distinct client_ip) as address_count,
    total(attempts(attempt_count, occurrences)) as attempt_count,
    coalesce(total(case when failure = 'unknown user' then occurrences end), 0)
        as unknown_user_count,
    min(logged_at) as first_at,
    max(logged_at) as last_at
from main.login_failures
where
    in_period(logged_at)
    and on_host(host)
    and of_domain(username)
    and network is not null
    and is_wrong_credential(failure)
group by network
having count(distinct lower(username)) >= 3
order by username_count desc, attempt_count desc, network asc;
