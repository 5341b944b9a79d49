-- One row per network that tried several login names in vain (3: guessed_names), the most names first
create or replace view reports.password_guessing_by_network as
select
    network,
    count(distinct username) as username_count,
    count(distinct client_ip) as address_count,
    total(attempt_count) as attempt_count,
    coalesce(total(unknown_user_count), 0) as unknown_user_count,
    min(logged_at) as first_at,
    max(logged_at) as last_at
from wrong_credentials()
where network is not null
group by network
having count(distinct username) >= threshold('guessed_names')
order by username_count desc, attempt_count desc, network asc;
