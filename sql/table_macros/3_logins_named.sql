-- Login attempts of a user or client: from logins_named('192.0.2.0/24')
create or replace macro logins_named(term) as table
select
    login_key as line_key,
    logged_at
from logins
where names_user(term, username) or names_client(term, client_name, client_ip);
