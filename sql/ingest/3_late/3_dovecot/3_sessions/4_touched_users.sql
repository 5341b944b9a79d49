-- One row per user that is touched, from when to when
create or replace temp table touched_users as
with users as (
    select
        host,
        protocol,
        username,
        min(moment) as first_moment,
        max(moment) as last_moment,
        min(position) as first_position
    from session_touches
    group by all
),

ids as (
    select
        host,
        protocol,
        username,
        session_id
    from session_touches
    where session_id is not null
    union
    select
        sessions.host,
        sessions.protocol,
        sessions.username,
        sessions.session_id
    from stored_sessions as sessions
    semi join users
        on
            sessions.host is not distinct from users.host
            and sessions.protocol = users.protocol
            and sessions.username = users.username
    where sessions.session_id is not null
),

-- No session id is two users', unless somebody made them up: they are looked at together
sharing as (
    select distinct
        ids.host,
        ids.protocol,
        ids.username
    from ids
    inner join (
        select
            host,
            protocol,
            username,
            session_id
        from stored_sessions
        union all
        select
            host,
            protocol,
            username,
            session_id
        from touching_sessions
    ) as others
        on
            ids.host is not distinct from others.host
            and ids.protocol = others.protocol
            and ids.session_id = others.session_id
            and ids.username <> others.username
),

with_sharing as (
    select
        users.*,
        sharing.username is not null as is_sharing
    from users
    left join sharing
        on
            users.host is not distinct from sharing.host
            and users.protocol = sharing.protocol
            and users.username = sharing.username
)

select
    * exclude (first_moment, last_moment, first_position),
    case
        when is_sharing then min(first_moment) over (partition by host)
        else first_moment
    end as first_moment,
    case
        when is_sharing then max(last_moment) over (partition by host)
        else last_moment
    end as last_moment,
    case
        when is_sharing then min(first_position) over (partition by host)
        else first_position
    end as first_position
from with_sharing;
