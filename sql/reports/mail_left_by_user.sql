-- One row per POP3 user who leaves mail on the server: how much after the last session
create or replace view reports.mail_left_by_user as
with last_sessions as (
    select
        lower(username) as username,
        count(*) as session_count,
        total(retr_count) as retr_count,
        total(deleted_count) as deleted_count,
        max_by(pop3_sessions, (logout_at, session_key)) as session
    from main.pop3_sessions
    where
        in_period(logout_at)
        and on_host(host)
        and of_domain(username)
        and mailbox_bytes is not null
        -- A mailbox that was not opened has no counts
        and not coalesce(regexp_matches(end_text, 'Couldn''t (?:open|lock)|Mailbox init'), false)
    group by lower(username)
)

select
    username,
    session_count,
    retr_count,
    deleted_count,
    session.mailbox_count - session.deleted_count as left_count,
    case
        when session.deleted_count = 0 then session.mailbox_bytes
        else session.mailbox_bytes - session.deleted_bytes
    end as left_bytes,
    session.mailbox_bytes as bytes_before_deletion,
    session.logout_at as last_session_at
from last_sessions
where
    session.deleted_count is distinct from session.mailbox_count
    and session.deleted_bytes is distinct from session.mailbox_bytes
order by bytes_before_deletion desc, username asc;
