-- One row per end of a session and login that it closes if ends tell no more than user and address,
-- or the user alone: of parallel sessions the one that began last. Whatever an end is found to
-- belong to later, it makes the open sessions of its user and address one less
create or replace temp table session_pops as
with events as (
    select
        line_key,
        stream_id,
        protocol,
        username,
        client_ip,
        position,
        1 as step
    from session_logins
    where is_open_at_address and username is not null
    union all
    select
        line_key,
        stream_id,
        protocol,
        username,
        client_ip,
        position,
        -1 as step
    from session_closings
    where client_ip is not null and username is not null
    union all
    select
        line_key,
        stream_id,
        protocol,
        username,
        '' as client_ip,
        position,
        1 as step
    from session_logins
    where is_open_of_user and username is not null
    union all
    select
        line_key,
        stream_id,
        protocol,
        username,
        '' as client_ip,
        position,
        -1 as step
    from session_closings
    where username is not null
),

counted as (
    select
        *,
        sum(step) over (
            partition by stream_id, protocol, username, client_ip
            order by position
        ) as height
    from events
),

-- Ends of sessions whose login is not at hand lower the count that stands for none
grounded as (
    select
        *,
        least(
            0,
            min(height) over (
                partition by stream_id, protocol, username, client_ip
                order by position
                rows between unbounded preceding and 1 preceding
            )
        ) as ground
    from counted
)

select
    ends.line_key as logout_key,
    logins.line_key as login_key,
    ends.position,
    case when ends.client_ip = '' then 'user' else 'address' end as known_by
from (
    select
        *,
        height - ground + 1 as level
    from grounded
    where step = -1 and height >= ground
) as ends
asof inner join (
    select
        *,
        height - ground as level
    from grounded
    where step = 1
) as logins
    on
        ends.stream_id = logins.stream_id
        and ends.protocol = logins.protocol
        and ends.username = logins.username
        and ends.client_ip = logins.client_ip
        and ends.level = logins.level
        and ends.position > logins.position;
