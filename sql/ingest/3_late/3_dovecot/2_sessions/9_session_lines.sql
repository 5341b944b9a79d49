-- The loaded logins and ends of sessions of the users that are touched. An end claims a login within
-- a day: what comes before the first touching line or later than a day after the last one stays as
-- it is, and what may claim or be claimed by others of it is only looked at
create or replace temp table session_lines_again as
with of_users as (
    select
        lines.host,
        lines.protocol,
        lines.session_id,
        lines.line_key,
        lines.moment,
        lines.position,
        windows.first_moment,
        windows.last_moment,
        windows.first_position
    from stored_session_lines as lines
    inner join session_windows as windows
        on
            lines.host is not distinct from windows.host
            and lines.protocol = windows.protocol
            and lines.username = windows.username
            and lines.moment between windows.opens_at and windows.closes_at
),

-- An end without a user is known by its session alone
ids as (
    select
        host,
        protocol,
        session_id,
        min(first_moment) as first_moment,
        max(last_moment) as last_moment,
        min(first_position) as first_position
    from (
        select
            host,
            protocol,
            session_id,
            first_moment,
            last_moment,
            first_position
        from of_users
        union all
        select
            host,
            protocol,
            session_id,
            moment,
            moment,
            position
        from touching_sessions
    )
    group by all
),

of_ids as (
    select
        lines.line_key,
        lines.username,
        lines.moment,
        lines.position,
        ids.first_moment,
        ids.last_moment,
        ids.first_position
    from stored_session_lines as lines
    inner join ids
        on
            lines.host is not distinct from ids.host
            and lines.protocol = ids.protocol
            and lines.session_id = ids.session_id
    anti join session_windows as windows
        on
            lines.host is not distinct from windows.host
            and lines.protocol = windows.protocol
            and lines.username = windows.username
),

found as (
    select
        line_key,
        moment,
        position,
        first_moment,
        last_moment,
        first_position,
        true as may_change
    from of_users
    union all by name
    select
        * exclude (username),
        username is null as may_change
    from of_ids
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
from found
where
    moment
    between first_moment - 2 * session_silence() and last_moment + 2 * session_silence();

insert into lines_changed_again
select line_key from session_lines_again
where part is null;

insert into parts_again
select * from session_lines_again
where part is not null;
