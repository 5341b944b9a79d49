-- One row per login name that was tried in vain from three or more networks, the most first
create or replace view reports.password_guessing_by_user as
select
    lower(username) as username,
    count(distinct network) as network_count,
    count(distinct client_ip) as address_count,
    total(attempts(attempt_count, occurrences)) as attempt_count,
    bool_or(failure = 'unknown user') as is_unknown,
    min(logged_at) as first_at,
    max(logged_at) as last_at
from main.login_failures
where
    in_period(logged_at)
    and on_host(host)
    and of_domain(username)
    and username is not null
    and is_wrong_credential(failure)
group by lower(username)
having count(distinct network) >= 3
order by network_count desc, attempt_count desc, username asc;
