-- One row per protocol and way in which POP3 and IMAP sessions ended, the commonest first
create or replace view reports.sessions_by_end as
with sessions as (
    select
        'pop3' as protocol,
        host,
        username,
        end_reason,
        login_at,
        logout_at,
        in_bytes,
        out_bytes
    from main.pop3_sessions
    union all
    select
        'imap' as protocol,
        host,
        username,
        end_reason,
        login_at,
        logout_at,
        in_bytes,
        out_bytes
    from main.imap_sessions
)

select
    protocol,
    coalesce(end_reason, 'still open') as end_reason,
    count(*) as session_count,
    count(distinct lower(username)) as user_count,
    rounded(avg(epoch(logout_at - login_at))) as mean_seconds,
    total(in_bytes) as in_bytes,
    total(out_bytes) as out_bytes
from sessions
where in_period(coalesce(login_at, logout_at)) and on_host(host) and of_domain(username)
group by all
order by session_count desc, protocol asc, end_reason asc;
