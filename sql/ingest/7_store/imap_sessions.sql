-- IMAP sessions of the lines at hand, derived again as a whole
delete from imap_sessions
where session_key in (select session_key from changed_session_keys);

insert into imap_sessions by name
select
    told_sessions.* exclude (protocol),
    imap_counters.* exclude (line_key)
from told_sessions
left join imap_counters on told_sessions.logout_key = imap_counters.line_key
where told_sessions.protocol = 'imap';
