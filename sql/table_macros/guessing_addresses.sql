-- Addresses that tried three or more login names in vain, and as whom they got in
create or replace macro guessing_addresses() as table
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
    where
        in_period(logged_at)
        and on_host(host)
        and of_domain(username)
        and is_wrong_credential(failure)
    group by client_ip
    having count(distinct lower(username)) >= 3
),

-- A login that worked in the end may be a password that was guessed
successes as (
    select
        client_ip,
        string_agg(distinct lower(username), ', ' order by lower(username)) as usernames
    from main.logins
    where in_period(logged_at) and on_host(host) and of_domain(username) and is_success
    group by client_ip
)

select
    attempts.*,
    successes.usernames as logged_in_usernames
from attempts
left join successes on attempts.client_ip = successes.client_ip;
