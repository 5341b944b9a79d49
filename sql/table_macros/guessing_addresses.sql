-- Addresses that tried several login names in vain (threshold guessed_names), and as whom of these they got in later
create or replace macro guessing_addresses() as table
with failures as (
    select * from wrong_credentials()
),

attempts as (
    select
        client_ip,
        count(distinct username) as username_count,
        total(attempt_count) as attempt_count,
        coalesce(total(unknown_user_count), 0) as unknown_user_count,
        min(logged_at) as first_at,
        max(logged_at) as last_at
    from failures
    group by client_ip
    having count(distinct username) >= threshold('guessed_names')
),

tried as (
    select
        client_ip,
        username,
        min(logged_at) as first_at
    from failures
    group by all
),

-- A login that worked in the end may be a password that was guessed; others may share the address
successes as (
    select
        tried.client_ip,
        string_agg(distinct tried.username, ', ' order by tried.username) as usernames
    from main.logins
    inner join tried
        on
            logins.client_ip = tried.client_ip
            and lower(logins.username) = tried.username
            and logins.logged_at > tried.first_at
    where in_period(logins.logged_at) and on_host(logins.host) and logins.is_success
    group by tried.client_ip
)

select
    attempts.*,
    successes.usernames as logged_in_usernames
from attempts
left join successes on attempts.client_ip = successes.client_ip;
