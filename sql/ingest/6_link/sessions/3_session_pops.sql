-- One row per end of a session and login that it closes if ends tell no more than user and address,
-- or the user alone: of parallel sessions the one that began last. Whatever an end is found to
-- belong to later, it makes the open sessions of its user and address one less
create or replace temp table session_pops as
with ends as (
    select
        line_key,
        mail_system_id,
        protocol,
        username,
        unnest(case when client_ip is null then [''] else ['', client_ip] end) as client_ip,
        position
    from session_closings
    where username is not null
),

begun as (
    select
        line_key,
        mail_system_id,
        protocol,
        username,
        '' as client_ip,
        position
    from session_logins
    where is_open_of_user
    union all
    select
        line_key,
        mail_system_id,
        protocol,
        username,
        client_ip,
        position
    from session_logins
    where is_open_at_address
),

events as (
    select
        *,
        -1 as step
    from ends
    union all
    select
        begun.*,
        1 as step
    from begun
    semi join ends
        on
            begun.mail_system_id = ends.mail_system_id
            and begun.protocol = ends.protocol
            and begun.username = ends.username
            and begun.client_ip = ends.client_ip
),

counted as (
    select
        *,
        sum(step) over (
            partition by mail_system_id, protocol, username, client_ip
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
                partition by mail_system_id, protocol, username, client_ip
                order by position
                rows between unbounded preceding and 1 preceding
            )
        ) as ground
    from counted
)

select
    closings.line_key as logout_key,
    logins.line_key as login_key,
    closings.position,
    case when closings.client_ip = '' then 'user' else 'address' end as known_by
from (
    select
        *,
        height - ground + 1 as level
    from grounded
    where step = -1 and height >= ground
) as closings
asof inner join (
    select
        *,
        height - ground as level
    from grounded
    where step = 1
) as logins
    on
        closings.mail_system_id = logins.mail_system_id
        and closings.protocol = logins.protocol
        and closings.username = logins.username
        and closings.client_ip = logins.client_ip
        and closings.level = logins.level
        and closings.position > logins.position;
