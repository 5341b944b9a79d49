-- One row per login of the users that are touched, from then until an end has claimed it, with the
-- touching lines and without; or as long as an end may. And the touching lines themselves
create or replace temp table session_spans as
with of_users as (
    select
        sessions.*,
        users.first_moment
    from stored_sessions as sessions
    inner join touched_users as users
        on
            sessions.host is not distinct from users.host
            and sessions.protocol = users.protocol
            and sessions.username = users.username
),

touching_logins as (
    select distinct
        host,
        protocol,
        session_id
    from touching_sessions
    where is_login and session_id is not null
),

spans as (
    select
        of_users.host,
        of_users.protocol,
        of_users.username,
        of_users.login_moment as begins_at,
        case
            when of_users.logout_moment < of_users.first_moment and of_users.logout_key is not null
                then of_users.logout_moment
            when of_users.paired_by is null then completed.end_moment
            -- A login in between may have the end now
            when
                of_users.paired_by = 'session'
                and of_users.logout_key is not null
                and touching_logins.session_id is null
                then of_users.logout_moment
        end as claimed_at
    from of_users
    left join touching_logins
        on
            of_users.host is not distinct from touching_logins.host
            and of_users.protocol = touching_logins.protocol
            and of_users.session_id = touching_logins.session_id
    left join completed_sessions as completed
        on
            of_users.host is not distinct from completed.host
            and of_users.protocol = completed.protocol
            and of_users.session_id = completed.session_id
    where of_users.login_key is not null
    union all
    -- The login is gone
    select
        host,
        protocol,
        username,
        login_moment as begins_at,
        logout_moment as claimed_at
    from of_users
    where login_key is null and paired_by is not null
    union all
    select
        touches.host,
        touches.protocol,
        touches.username,
        touches.moment as begins_at,
        case
            when touches.is_login and not touches.is_gone then completed.end_moment
            else touches.moment
        end as claimed_at
    from session_touches as touches
    left join completed_sessions as completed
        on
            touches.host is not distinct from completed.host
            and touches.protocol = completed.protocol
            and touches.session_id = completed.session_id
)

select
    host,
    protocol,
    username,
    begins_at,
    coalesce(claimed_at, begins_at + session_silence()) as ends_at
from spans;
