-- One row per login that matters to later ends, with what it is the last login of, whether it counts
-- as open, and whether an end has claimed it
create or replace temp table open_logins as
with counted as (
    select
        *,
        is_claimed or line_key in (select login_key from session_claims) as is_gone,
        is_open_at_address
        and line_key not in (
            select login_key from session_pops
            where known_by = 'address'
        ) as counts_at_address,
        is_open_of_user
        and line_key not in (
            select login_key from session_pops
            where known_by = 'user'
        ) as counts_of_user
    from session_logins
),

-- An end that closes a claimed login gets none, as where none is open. So one that counts as open
-- matters only above one that an end can still get
reached as (
    select
        *,
        counts_at_address
        and bool_or(counts_at_address and not is_gone) over (
            partition by mail_system_id, protocol, username, client_ip
            order by position
        ) as is_reached_at_address,
        counts_of_user
        and bool_or(counts_of_user and not is_gone) over (
            partition by mail_system_id, protocol, username
            order by position
        ) as is_reached_of_user
    from counted
),

marked as (
    select
        line_key,
        logged_at,
        is_around,
        case
            when
                is_last_of_session
                and not is_gone
                and lead(line_key) over (
                    partition by mail_system_id, protocol, session_id, is_last_of_session
                    order by position
                ) is null then 's'
            else ''
        end
        || case
            when
                is_last_of_process
                and not is_gone
                and lead(line_key) over (
                    partition by mail_system_id, protocol, username, pid, is_last_of_process
                    order by position
                ) is null then 'i'
            else ''
        end
        || case when is_reached_at_address then 'a' else '' end
        || case when is_reached_of_user then 'u' else '' end as marks,
        case when is_gone then 'c' else '' end as claim
    from reached
)

select
    line_key,
    'mailbox ' || marks || claim as part,
    moment(logged_at) + session_silence() as expires_at
from marked
where marks <> '' and not is_around;
