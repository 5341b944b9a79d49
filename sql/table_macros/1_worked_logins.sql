-- Logins that worked, until the end of the period, those before it as well: what an account is used to
create or replace macro worked_logins() as table
select
    lower(username) as username,
    client_ip,
    network(client_ip) as network,
    is_tls,
    protocol,
    occurrences,
    logged_at,
    in_period(logged_at) as is_now
from main.logins
where
    is_success
    and username is not null
    and on_host(host)
    and of_domain(username)
    and (
        getvariable('until') is null
        or logged_at < try_cast(getvariable('until')::varchar as timestamptz)
    );
