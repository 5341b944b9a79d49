-- POP3 sessions of the lines at hand, derived again as a whole
delete from pop3_sessions
where session_key in (
    select line_key from mailbox_lines
    where is_changed and is_stored
    union all
    select login_key from mailbox_sessions
);

insert into pop3_sessions
select
    coalesce(mailbox_sessions.login_key, mailbox_sessions.logout_key),
    coalesce(login_lines.host, logout_lines.host),
    coalesce(logins.username, logouts.username),
    coalesce(logins.client_ip, logouts.client_ip),
    logins.server_ip,
    logins.method,
    logins.is_tls,
    coalesce(logins.session_id, logouts.session_id),
    coalesce(logouts.pid, logins.pid),
    login_lines.logged_at,
    logout_lines.logged_at,
    logouts.end_reason,
    logouts.top_count,
    logouts.top_bytes,
    logouts.retr_count,
    logouts.retr_bytes,
    logouts.deleted_count,
    logouts.mailbox_count,
    logouts.deleted_bytes,
    logouts.mailbox_bytes,
    mailbox_sessions.login_key,
    mailbox_sessions.logout_key
from mailbox_sessions
left join mailbox_lines as login_lines on mailbox_sessions.login_key = login_lines.line_key
left join mailbox_lines as logout_lines on mailbox_sessions.logout_key = logout_lines.line_key
left join dovecot_logins as logins on mailbox_sessions.login_key = logins.line_key
left join pop3_logouts as logouts on mailbox_sessions.logout_key = logouts.line_key;
