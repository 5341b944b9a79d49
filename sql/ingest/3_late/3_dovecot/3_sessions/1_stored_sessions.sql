-- One row per loaded session of a mailbox, of whatever protocol
create or replace temp view loaded_sessions as
with sessions as (
    select
        *,
        'pop3' as protocol
    from pop3_sessions
    union all by name
    select
        *,
        'imap' as protocol
    from imap_sessions
    union all by name
    select * from service_sessions
)

select
    host,
    protocol,
    username,
    session_id,
    paired_by,
    login_key,
    logout_key,
    moment(login_at) as login_moment,
    moment(logout_at) as logout_moment
from sessions;

-- One row per loaded session that may be told anew: of a user that touching lines name, by itself or
-- by the id of a session, or with the id of a session of such a user
create or replace temp table stored_sessions as
with users as (
    select username from touching_sessions
    union
    select username from loaded_sessions
    where session_id in (select session_id from touching_sessions)
),

ids as (
    select session_id from touching_sessions
    union
    select session_id from loaded_sessions
    where username in (select username from users)
)

select * from loaded_sessions
where
    username in (select username from users where username is not null)
    or session_id in (select session_id from ids where session_id is not null);
