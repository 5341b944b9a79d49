-- One row per end of a session and login that it may be the end of: the last one before it with the
-- same session id, or of the same user and process; or the one that it closes by user and address,
-- as far as not both know better. A login goes to the end that claims it first
create or replace temp table session_claims as
with by_session as (
    select
        closings.line_key as logout_key,
        logins.line_key as login_key,
        closings.position,
        1 as rank
    from session_closings as closings
    asof inner join (select * from session_logins where is_last_of_session) as logins
        on
            closings.mail_system_id = logins.mail_system_id
            and closings.protocol = logins.protocol
            and closings.session_id = logins.session_id
            and closings.position > logins.position
    where
        (
            closings.username = logins.username
            or closings.username is null
            or logins.username is null
        )
        and moment(closings.logged_at) <= moment(logins.logged_at) + session_silence()
),

by_process as (
    select
        closings.line_key as logout_key,
        logins.line_key as login_key,
        closings.position,
        2 as rank
    from (
        select * from session_closings
        where pid is not null
    ) as closings
    asof inner join (select * from session_logins where is_last_of_process) as logins
        on
            closings.mail_system_id = logins.mail_system_id
            and closings.protocol = logins.protocol
            and closings.username = logins.username
            and closings.pid = logins.pid
            and closings.position > logins.position
    where
        (closings.session_id is null or logins.session_id is null)
        and moment(closings.logged_at) <= moment(logins.logged_at) + session_silence()
),

by_count as (
    select
        pops.logout_key,
        pops.login_key,
        pops.position,
        case pops.known_by when 'address' then 3 else 4 end as rank
    from session_pops as pops
    inner join session_closings as closings on pops.logout_key = closings.line_key
    inner join session_logins as logins on pops.login_key = logins.line_key
    where
        not logins.is_claimed
        and (closings.session_id is null or logins.session_id is null)
        and (closings.pid is null or logins.pid is null)
        and (
            pops.known_by = 'address' or closings.client_ip is null or logins.client_ip is null
        )
        and moment(closings.logged_at) <= moment(logins.logged_at) + session_silence()
),

claims as (
    select * from by_session
    union all
    select * from by_process
    union all
    select * from by_count
)

select
    logout_key,
    login_key,
    min(rank) as rank
from claims
group by logout_key, login_key, position
qualify row_number() over (partition by login_key order by position) = 1;
