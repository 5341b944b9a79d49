-- One row per login that a later end may still claim, with what it is the last login of
create or replace temp table open_logins as
with marked as (
    select
        line_key,
        logged_at,
        case
            when
                is_last_of_session
                and lead(line_key) over (
                    partition by stream_id, protocol, session_id, is_last_of_session
                    order by position
                ) is null then 's'
            else ''
        end
        || case
            when
                is_last_of_process
                and lead(line_key) over (
                    partition by stream_id, protocol, username, pid, is_last_of_process
                    order by position
                ) is null then 'i'
            else ''
        end
        || case
            when
                is_last_of_address
                and lead(line_key) over (
                    partition by stream_id, protocol, username, client_ip, is_last_of_address
                    order by position
                ) is null then 'a'
            else ''
        end
        || case
            when
                is_last_of_user
                and lead(line_key) over (
                    partition by stream_id, protocol, username, is_last_of_user
                    order by position
                ) is null then 'u'
            else ''
        end as marks
    from session_logins
)

select
    line_key,
    'mailbox ' || marks as part,
    moment(logged_at) + session_silence() as expires_at
from marked
anti join session_claims on marked.line_key = session_claims.login_key
where marks <> '';
