-- One row per user of IMAP: sessions, bytes, mail fetched and removed, last session
create or replace view reports.imap_use_by_user as
select
    lower(username) as username,
    count(*) as session_count,
    count(distinct client_ip) as address_count,
    total(in_bytes) as in_bytes,
    total(out_bytes) as out_bytes,
    total(body_count) as body_count,
    total(body_bytes) as body_bytes,
    total(expunged_count) as expunged_count,
    max(coalesce(login_at, logout_at)) as last_session_at
from main.imap_sessions
where
    in_period(coalesce(login_at, logout_at)) and on_host(host) and of_domain(username)
group by lower(username)
order by session_count desc, username asc;
