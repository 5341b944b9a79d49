-- One row per session that the lines show: its login, its end or both
create or replace temp table mailbox_sessions as
with pairs as (
    select
        logout_key,
        min_by(login_key, rank) as login_key,
        case min(rank)
            when 1 then 'session'
            when 2 then 'process'
            when 3 then 'address'
            else 'user'
        end as paired_by
    from session_claims
    group by logout_key
)

-- What no changed line is part of stays as it is
select
    logins.line_key as login_key,
    pairs.logout_key,
    pairs.paired_by,
    logins.host,
    logins.protocol
from session_logins as logins
left join pairs on logins.line_key = pairs.login_key
left join session_closings as closings on pairs.logout_key = closings.line_key
where logins.is_changed or closings.is_changed
union all
select
    null as login_key,
    closings.line_key as logout_key,
    null as paired_by,
    closings.host,
    closings.protocol
from session_closings as closings
anti join pairs on closings.line_key = pairs.logout_key
where closings.is_changed;
