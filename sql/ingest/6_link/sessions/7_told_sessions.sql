-- One row per session that the lines show, as its two lines tell it
create or replace temp view told_sessions as
select
    coalesce(mailbox_sessions.login_key, mailbox_sessions.logout_key) as session_key,
    mailbox_sessions.host,
    mailbox_sessions.protocol,
    coalesce(logins.username, ends.username) as username,
    coalesce(logins.client_ip, ends.client_ip) as client_ip,
    logins.server_ip,
    logins.method,
    logins.is_tls,
    coalesce(logins.session_id, ends.session_id) as session_id,
    coalesce(ends.pid, logins.pid) as pid,
    session_logins.logged_at as login_at,
    session_closings.logged_at as logout_at,
    ends.end_reason,
    ends.end_text,
    ends.in_bytes,
    ends.out_bytes,
    logins.destination,
    mailbox_sessions.paired_by,
    mailbox_sessions.login_key,
    mailbox_sessions.logout_key
from mailbox_sessions
left join session_logins on mailbox_sessions.login_key = session_logins.line_key
left join session_closings on mailbox_sessions.logout_key = session_closings.line_key
left join dovecot_logins as logins on mailbox_sessions.login_key = logins.line_key
left join session_ends as ends on mailbox_sessions.logout_key = ends.line_key;
