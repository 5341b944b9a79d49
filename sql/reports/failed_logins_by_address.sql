-- One row per client address with failed logins, the most attempts first
create or replace view reports.failed_logins_by_address as
select
    client_ip,
    total(attempts(attempt_count, occurrences)) as attempt_count,
    count(distinct lower(username)) as username_count,
    string_agg(distinct protocol, ', ' order by protocol) as protocols,
    max_by(struct_pack(username := username), (logged_at, login_key)).username as last_username,
    min(logged_at) as first_at,
    max(logged_at) as last_at
from main.logins
where
    not is_success
    and attempt_count is distinct from 0
    and in_period(logged_at)
    and on_host(host)
    and of_domain(username)
group by client_ip
order by attempt_count desc, client_ip asc;
