-- POP3 sessions of the lines at hand, derived again as a whole
delete from pop3_sessions
where session_key in (select session_key from changed_session_keys);

insert into pop3_sessions by name
select
    told_sessions.* exclude (protocol),
    pop3_counters.* exclude (line_key)
from told_sessions
left join pop3_counters on told_sessions.logout_key = pop3_counters.line_key
where told_sessions.protocol = 'pop3';
