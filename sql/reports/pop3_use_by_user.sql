-- One row per user of POP3: sessions, mail fetched and left on the server
create or replace view reports.pop3_use_by_user as
select
    lower(username) as username,
    count(*) as session_count,
    count(distinct client_ip) as address_count,
    total(retr_count) as retr_count,
    total(retr_bytes) as retr_bytes,
    total(deleted_count) as deleted_count,
    max_by(mailbox_bytes, (logout_at, session_key)) as last_mailbox_bytes,
    max(coalesce(login_at, logout_at)) as last_session_at
from main.pop3_sessions
where
    in_period(coalesce(login_at, logout_at)) and on_host(host) and of_domain(username)
group by lower(username)
order by session_count desc, username asc;
