-- POP3 sessions of the lines at hand, derived again as a whole
delete from pop3_sessions
where session_key in (
    select line_key from mailbox_lines
    where is_changed and is_stored
    union all
    select login_key from mailbox_sessions
);

insert into pop3_sessions by name
select
    coalesce(mailbox_sessions.login_key, mailbox_sessions.logout_key) as session_key,
    coalesce(login_lines.host, logout_lines.host) as host,
    coalesce(logins.username, logouts.username) as username,
    coalesce(logins.client_ip, logouts.client_ip) as client_ip,
    logins.server_ip,
    logins.method,
    logins.is_tls,
    coalesce(logins.session_id, logouts.session_id) as session_id,
    coalesce(logouts.pid, logins.pid) as pid,
    login_lines.logged_at as login_at,
    logout_lines.logged_at as logout_at,
    logouts.* exclude (line_key, username, client_ip, session_id, pid),
    mailbox_sessions.login_key,
    mailbox_sessions.logout_key
from mailbox_sessions
left join mailbox_lines as login_lines on mailbox_sessions.login_key = login_lines.line_key
left join mailbox_lines as logout_lines on mailbox_sessions.logout_key = logout_lines.line_key
left join dovecot_logins as logins on mailbox_sessions.login_key = logins.line_key
left join pop3_logouts as logouts on mailbox_sessions.logout_key = logouts.line_key;
