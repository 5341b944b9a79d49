-- The loaded logins and ends of sessions of the users that are touched. An end claims a login within
-- a day: what comes before the first touching line or later than a day after the last one stays as
-- it is, and what may claim or be claimed by others of it is only looked at
create or replace temp table session_lines_again as
with of_users as (
    select
        session_lines.host,
        session_lines.protocol,
        session_lines.session_id,
        session_lines.line_key,
        session_lines.moment,
        windows.first_moment,
        windows.last_moment,
        windows.first_position
    from stored_session_lines as session_lines
    inner join session_windows as windows
        on
            session_lines.host is not distinct from windows.host
            and session_lines.protocol = windows.protocol
            and session_lines.username = windows.username
            and session_lines.moment between windows.opens_at and windows.closes_at
),

told_ids as (
    select * exclude (line_key, moment) from of_users
    union all
    select
        host,
        protocol,
        session_id,
        moment as first_moment,
        moment as last_moment,
        position as first_position
    from touching_sessions
),

ids as (
    select
        host,
        protocol,
        session_id,
        min(first_moment) as first_moment,
        max(last_moment) as last_moment,
        min(first_position) as first_position
    from told_ids
    group by all
),

-- A line that names no user is known by its session alone; others' lines are only looked at
of_ids as (
    select
        session_lines.line_key,
        session_lines.moment,
        ids.first_moment,
        ids.last_moment,
        ids.first_position,
        session_lines.username is null as may_change
    from stored_session_lines as session_lines
    inner join ids
        on
            session_lines.host is not distinct from ids.host
            and session_lines.protocol = ids.protocol
            and session_lines.session_id = ids.session_id
    anti join touched_users
        on
            session_lines.host is not distinct from touched_users.host
            and session_lines.protocol = touched_users.protocol
            and session_lines.username = touched_users.username
),

found as (
    select
        * exclude (host, protocol, session_id),
        true as may_change
    from of_users
    union all by name
    select * from of_ids
),

at_hand as (
    select
        found.*,
        line_position(found.moment, file_ranks.file_rank, found.line_key) as position
    from found
    left join file_ranks on found.line_key >> 32 = file_ranks.file_key
    where
        found.moment
        between found.first_moment - 2 * session_silence()
        and found.last_moment + 2 * session_silence()
)

select
    line_key,
    case
        when
            not may_change
            or moment
            not between first_moment - session_silence() and last_moment + session_silence()
            then 'around'
        when position <= first_position then 'mailbox'
    end as part
from at_hand;

insert into lines_changed_again
select line_key from session_lines_again
where part is null;

insert into parts_again
select * from session_lines_again
where part is not null;
