-- One row per protocol, login mechanism and whether TLS protected it: logins and failed attempts
create or replace view reports.logins_by_method as
select
    protocol,
    method,
    is_tls,
    coalesce(total(case when is_success then occurrences end), 0) as login_count,
    coalesce(total(case when not is_success then attempts(attempt_count, occurrences) end), 0)
        as failed_attempt_count,
    count(distinct lower(username)) filter (where is_success) as user_count
from main.logins
where in_period(logged_at) and on_host(host) and of_domain(username)
group by all
order by login_count desc, failed_attempt_count desc, protocol asc, method asc, is_tls asc;
