-- One row per session id of touching lines that one login and an end behind it have: this login is
-- claimed by then, whatever else the touching lines change
create or replace temp table completed_sessions as
with session_lines as (
    select
        host,
        protocol,
        username,
        session_id,
        is_login,
        moment,
        position
    from touching_sessions
    where not is_gone
    union all
    select
        stored.host,
        stored.protocol,
        stored.username,
        stored.session_id,
        stored.is_login,
        stored.moment,
        line_position(stored.moment, file_ranks.file_rank, stored.line_key) as position
    from stored_session_lines as stored
    left join file_ranks on stored.line_key >> 32 = file_ranks.file_key
    semi join touching_sessions as touching
        on
            stored.host is not distinct from touching.host
            and stored.protocol = touching.protocol
            and stored.session_id = touching.session_id
    -- An end that was paired by something else may have no id
    where
        stored.is_login
        or stored.paired_by is null
        or (stored.paired_by = 'session' and stored.login_key is not null)
)

select
    host,
    protocol,
    session_id,
    max(moment) filter (where not is_login) as end_moment
from session_lines
where session_id is not null
group by all
having
    count(*) filter (where is_login) = 1
    and count(distinct username) = 1
    and max(position) filter (where not is_login) > max(position) filter (where is_login)
    and max(moment) filter (where not is_login)
    <= max(moment) filter (where is_login) + session_silence();
