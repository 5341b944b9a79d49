-- One row per login that matters to later ends, with what it is the last login of, whether it counts
-- as open, and whether an end has claimed it
create or replace temp table open_logins as
with claimed as (
    select
        *,
        is_claimed or line_key in (select login_key from session_claims) as is_gone
    from session_logins
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
        || case
            when
                is_open_at_address
                and line_key not in (
                    select login_key from session_pops
                    where known_by = 'address'
                ) then 'a'
            else ''
        end
        || case
            when
                is_open_of_user
                and line_key not in (
                    select login_key from session_pops
                    where known_by = 'user'
                ) then 'u'
            else ''
        end as marks,
        case when is_gone then 'c' else '' end as claim
    from claimed
)

select
    line_key,
    'mailbox ' || marks || claim as part,
    moment(logged_at) + session_silence() as expires_at
from marked
where marks <> '' and not is_around;
