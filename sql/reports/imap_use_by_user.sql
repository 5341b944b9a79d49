-- One row per user of IMAP: sessions, bytes, mail fetched and removed, last session
create or replace view reports.imap_use_by_user as
select
    username,
    count(*) as session_count,
    count(distinct client_ip) as address_count,
    sum(in_bytes) as in_bytes,
    sum(out_bytes) as out_bytes,
    sum(body_count) as body_count,
    sum(body_bytes) as body_bytes,
    sum(expunged_count) as expunged_count,
    max(coalesce(login_at, logout_at)) as last_session_at
from imap_sessions
where in_period(coalesce(login_at, logout_at))
group by username
order by session_count desc, username asc;
