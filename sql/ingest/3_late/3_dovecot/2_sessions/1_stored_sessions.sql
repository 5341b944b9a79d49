-- One row per loaded session of a mailbox, of whatever protocol
create or replace temp view stored_sessions as
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
