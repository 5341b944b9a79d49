-- Every row leads to the line that it comes from
with row_keys as (
    select
        'connections' as table_name,
        connection_key as row_key
    from connections
    union all
    select
        'messages' as table_name,
        message_key as row_key
    from messages
    union all
    select
        'deliveries' as table_name,
        delivery_key as row_key
    from deliveries
    union all
    select
        'queue_events' as table_name,
        event_key as row_key
    from queue_events
    union all
    select
        'rejections' as table_name,
        rejection_key as row_key
    from rejections
    union all
    select
        'logins' as table_name,
        login_key as row_key
    from logins
    union all
    select
        'pop3_sessions' as table_name,
        session_key as row_key
    from pop3_sessions
    union all
    select
        'imap_sessions' as table_name,
        session_key as row_key
    from imap_sessions
    union all
    select
        'service_sessions' as table_name,
        session_key as row_key
    from service_sessions
    union all
    select
        'mailbox_deliveries' as table_name,
        mailbox_delivery_key as row_key
    from mailbox_deliveries
    union all
    select
        'mailbox_events' as table_name,
        mailbox_event_key as row_key
    from mailbox_events
    union all
    select
        'auth_events' as table_name,
        auth_event_key as row_key
    from auth_events
    union all
    select
        'submissions' as table_name,
        submission_key as row_key
    from submissions
    union all
    select
        'notices' as table_name,
        notice_key as row_key
    from notices
    union all
    select
        'message_links' as table_name,
        link_key as row_key
    from message_links
)

select
    row_keys.table_name,
    row_keys.row_key
from row_keys
anti join log_lines on row_keys.row_key = log_lines.line_key
order by row_keys.table_name, row_keys.row_key;
