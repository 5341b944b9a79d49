-- One row per POP3 session that the lines show: its login line, its logout line or both
create or replace temp table mailbox_sessions as
-- A logout without a session id ends the login that is the last thing seen of its user
with by_user as (
    select
        line_key,
        kind,
        session_id,
        client_ip,
        logged_at,
        lag(line_key) over of_user as login_key,
        lag(kind) over of_user as previous_kind,
        lag(client_ip) over of_user as previous_client_ip,
        lag(logged_at) over of_user as previous_logged_at
    from mailbox_lines
    window of_user as (partition by host, username order by position)
),

paired_by_user as (
    select
        login_key,
        line_key as logout_key
    from by_user
    where
        kind = 'pop3_logout'
        and session_id is null
        and previous_kind = 'dovecot_login'
        and (client_ip is null or client_ip = previous_client_ip)
        and moment(logged_at) <= moment(previous_logged_at) + session_silence()
),

by_id as (
    select
        mailbox_lines.line_key,
        mailbox_lines.kind,
        mailbox_lines.logged_at,
        lag(mailbox_lines.line_key) over of_session as login_key,
        lag(mailbox_lines.kind) over of_session as previous_kind,
        lag(mailbox_lines.logged_at) over of_session as previous_logged_at
    from mailbox_lines
    anti join paired_by_user on mailbox_lines.line_key = paired_by_user.login_key
    where mailbox_lines.session_id is not null
    window of_session as (
        partition by mailbox_lines.host, mailbox_lines.session_id
        order by mailbox_lines.position
    )
),

paired_by_id as (
    select
        login_key,
        line_key as logout_key
    from by_id
    where
        kind = 'pop3_logout'
        and previous_kind = 'dovecot_login'
        and moment(logged_at) <= moment(previous_logged_at) + session_silence()
),

pairs as (
    select * from paired_by_id
    union all
    select * from paired_by_user
)

-- What no changed line is part of stays as it is
select
    logins.line_key as login_key,
    pairs.logout_key
from mailbox_lines as logins
left join pairs on logins.line_key = pairs.login_key
left join mailbox_lines as logouts on pairs.logout_key = logouts.line_key
where logins.kind = 'dovecot_login' and (logins.is_changed or logouts.is_changed)
union all
select
    null as login_key,
    logouts.line_key as logout_key
from mailbox_lines as logouts
anti join pairs on logouts.line_key = pairs.logout_key
where logouts.kind = 'pop3_logout' and logouts.is_changed;
