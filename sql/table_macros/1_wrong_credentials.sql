-- Failed logins whose name or password was wrong, in the period: guesses, if there are many
create or replace macro wrong_credentials() as table
select
    client_ip,
    network,
    lower(username) as username,
    attempts(attempt_count, occurrences) as attempt_count,
    failure,
    case when failure = 'unknown user' then occurrences end as unknown_user_count,
    logged_at
from main.login_failures
where
    in_period(logged_at)
    and on_host(host)
    and of_domain(username)
    and is_wrong_credential(failure);
