-- One row per address that tried three or more login names in vain, the most names first
create or replace view reports.password_guessing_by_address as
with attempts as (
    select
        client_ip,
        count(distinct lower(username)) as username_count,
        total(attempts(attempt_count, occurrences)) as attempt_count,
        coalesce(total(case when failure = 'unknown user' then occurrences end), 0)
            as unknown_user_count,
        min(logged_at) as first_at,
        max(logged_at) as last_at
    from main.login_failures
    where in_period(logged_at) and is_wrong_credential(failure)
    group by client_ip
    having count(distinct lower(username)) >= 3
),

-- A login that worked in the end may be a password that was guessed
successes as (
    select
        client_ip,
        string_agg(distinct lower(username), ', ' order by lower(username)) as usernames
    from main.logins
    where in_period(logged_at) and is_success
    group by client_ip
)

select
    attempts.*,
    successes.usernames as logged_in_usernames
from attempts
left join successes on attempts.client_ip = successes.client_ip
order by attempts.username_count desc, attempts.attempt_count desc, attempts.client_ip asc;
