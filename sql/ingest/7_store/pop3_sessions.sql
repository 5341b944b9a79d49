-- POP3 sessions of the lines at hand, derived again as a whole
delete from pop3_sessions
where session_key in (select session_key from changed_session_keys);

insert into pop3_sessions by name
-- Dovecot 2.4 logs the bytes of the deleted messages where older ones log the mailbox's count: the
-- words of the login tell which it is
with judged as (
    select
        told_sessions.* exclude (protocol),
        pop3_counters.* exclude (line_key, looks_like_bytes),
        case
            when starts_with(login_elements.text, 'Logged in') then true
            when starts_with(login_elements.text, 'Login') then false
            else pop3_counters.looks_like_bytes
        end as is_in_bytes
    from told_sessions
    left join pop3_counters on told_sessions.logout_key = pop3_counters.line_key
    left join login_elements on told_sessions.login_key = login_elements.line_key
    where told_sessions.protocol = 'pop3'
)

select
    * exclude (del_total, deleted_bytes, is_in_bytes),
    case when not is_in_bytes then del_total end as mailbox_count,
    coalesce(deleted_bytes, case when is_in_bytes then del_total end) as deleted_bytes
from judged;
