-- Who did what in a mailbox: where the line does not name the client, its session's login does
update mailbox_events
set client_ip = told.client_ip
from (
    with touched as (
        select
            mailbox_events.host,
            mailbox_events.session_id
        from mailbox_events
        semi join changed_lines on mailbox_events.mailbox_event_key = changed_lines.line_key
        union
        select
            logins.host,
            logins.session_id
        from logins
        semi join changed_lines on logins.login_key = changed_lines.line_key
        union
        select * from removed_sessions
    ),

    events as (
        select
            mailbox_events.mailbox_event_key,
            mailbox_events.host,
            mailbox_events.session_id
        from mailbox_events
        semi join touched
            on
                mailbox_events.session_id = touched.session_id
                and mailbox_events.host is not distinct from touched.host
        where not mailbox_events.is_client_named
    ),

    -- The last one, should there be several
    sessions as (
        select
            logins.host,
            logins.session_id,
            arg_max(
                logins.client_ip,
                line_position(logins.logged_at, file_ranks.file_rank, logins.login_key)
            ) as client_ip
        from logins
        semi join events on logins.session_id = events.session_id
        left join file_ranks on logins.login_key >> 32 = file_ranks.file_key
        where logins.is_success
        group by logins.host, logins.session_id
    )

    select
        events.mailbox_event_key,
        sessions.client_ip
    from events
    left join sessions
        on
            events.session_id = sessions.session_id
            and events.host is not distinct from sessions.host
) as told
where
    mailbox_events.mailbox_event_key = told.mailbox_event_key
    and mailbox_events.client_ip is distinct from told.client_ip;
