-- One row per step of the period (time_step): logins and failed attempts
create or replace view reports.logins_over_time as
select
    begin_of_step(time_step(), logged_at) as begins_at,
    coalesce(total(case when is_success then occurrences end), 0) as login_count,
    coalesce(total(case when not is_success then attempts(attempt_count, occurrences) end), 0)
        as failed_attempt_count
from main.logins
where in_period(logged_at) and on_host(host) and of_domain(username)
group by all
order by begins_at;
