-- One row per touching line that begins or ends a session, and user whose sessions it touches: the
-- user that it names, and those with the same session id, for an end may name none
create or replace temp table session_touches as
select * from touching_sessions
where username is not null
union
select touching.* replace (sessions.username as username)
from touching_sessions as touching
inner join stored_sessions as sessions
    on
        touching.host is not distinct from sessions.host
        and touching.protocol = sessions.protocol
        and touching.session_id = sessions.session_id
where sessions.username is not null;
