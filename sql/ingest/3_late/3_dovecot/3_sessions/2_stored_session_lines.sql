-- One row per loaded line that begins or ends a session of a mailbox
create or replace temp view stored_session_lines as
select
    *,
    true as is_login,
    login_key as line_key,
    login_moment as moment
from stored_sessions
where login_key is not null
union all
select
    *,
    false as is_login,
    logout_key as line_key,
    logout_moment as moment
from stored_sessions
where logout_key is not null;
