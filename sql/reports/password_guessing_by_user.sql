-- One row per login name that was tried in vain from several networks (3: guessing_networks), the most first
create or replace view reports.password_guessing_by_user as
select
    username,
    count(distinct network) as network_count,
    count(distinct client_ip) as address_count,
    total(attempt_count) as attempt_count,
    bool_or(failure = 'unknown user') as is_unknown,
    min(logged_at) as first_at,
    max(logged_at) as last_at
from wrong_credentials()
where username is not null
group by username
having count(distinct network) >= threshold('guessing_networks')
order by network_count desc, attempt_count desc, username asc;
