-- One row per login name: logins and failed attempts, the most failed attempts first
create or replace view reports.logins_by_user as
with attempts_to_log_in as (
    select
        logged_at,
        host,
        username,
        client_ip,
        protocol,
        attempt_count,
        occurrences,
        is_success
    from main.logins
    where is_success
    union all
    select
        logged_at,
        host,
        username,
        client_ip,
        protocol,
        attempt_count,
        occurrences,
        false as is_success
    from main.login_failures
)

select
    lower(username) as username,
    coalesce(total(case when is_success then occurrences end), 0) as login_count,
    coalesce(total(case when not is_success then attempts(attempt_count, occurrences) end), 0)
        as failed_attempt_count,
    count(distinct client_ip) as address_count,
    string_agg(distinct protocol, ', ' order by protocol) as protocols,
    max(logged_at) filter (where is_success) as last_login_at,
    max(logged_at) filter (where not is_success) as last_failure_at
from attempts_to_log_in
where
    in_period(logged_at)
    and on_host(host)
    and of_domain(username)
    and username is not null
group by all
order by failed_attempt_count desc, login_count desc, username asc;
