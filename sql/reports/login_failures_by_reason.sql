-- One row per protocol and reason for which logins failed, the commonest first
create or replace view reports.login_failures_by_reason as
select
    protocol,
    failure,
    total(occurrences) as connection_count,
    total(attempts(attempt_count, occurrences)) as attempt_count,
    count(distinct lower(username)) as username_count,
    count(distinct client_ip) as address_count,
    max(logged_at) as last_at
from main.login_failures
where in_period(logged_at) and on_host(host) and of_domain(username)
group by all
order by attempt_count desc, connection_count desc, protocol asc, failure asc;
