-- One row per protocol, login name, client address and reason for which logins failed, the most attempts first
create or replace view reports.login_failures_by_client as
select
    protocol,
    lower(username) as username,
    client_ip,
    failure,
    total(occurrences) as connection_count,
    total(attempts(attempt_count, occurrences)) as attempt_count,
    max(logged_at) as last_at
from main.login_failures
where in_period(logged_at) and on_host(host) and of_domain(username)
group by all
order by
    attempt_count desc,
    connection_count desc,
    protocol asc,
    username asc,
    client_ip asc,
    failure asc;
