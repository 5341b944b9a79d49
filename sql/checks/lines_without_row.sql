-- Every line of which the place is a table with a row per line has its row there
with placed as (
    select
        log_lines.line_key,
        log_lines.kind,
        line_kinds.place,
        log_lines.line
    from log_lines
    inner join line_kinds on log_lines.kind = line_kinds.kind
    where
        log_lines.copy_of is null
        and line_kinds.place in (
            'deliveries', 'rejections', 'logins', 'notices', 'queue_events', 'pop3_sessions',
            'imap_sessions', 'service_sessions', 'mailbox_deliveries', 'mailbox_events',
            'auth_events', 'submissions'
        )
),

found as (
    select
        'deliveries' as place,
        delivery_key as line_key
    from deliveries
    union all
    select
        'rejections' as place,
        rejection_key as line_key
    from rejections
    union all
    select
        'logins' as place,
        login_key as line_key
    from logins
    union all
    select
        'notices' as place,
        notice_key as line_key
    from notices
    union all
    select
        'queue_events' as place,
        event_key as line_key
    from queue_events
    union all
    select
        'pop3_sessions' as place,
        logout_key as line_key
    from pop3_sessions
    union all
    select
        'imap_sessions' as place,
        logout_key as line_key
    from imap_sessions
    union all
    select
        'service_sessions' as place,
        logout_key as line_key
    from service_sessions
    union all
    select
        'mailbox_deliveries' as place,
        mailbox_delivery_key as line_key
    from mailbox_deliveries
    union all
    select
        'mailbox_events' as place,
        mailbox_event_key as line_key
    from mailbox_events
    union all
    select
        'auth_events' as place,
        auth_event_key as line_key
    from auth_events
    union all
    select
        'submissions' as place,
        submission_key as line_key
    from submissions
)

select
    placed.line_key,
    placed.kind,
    placed.place,
    placed.line
from placed
anti join found on placed.line_key = found.line_key and placed.place = found.place
-- The facts of one are in the delivery records of its process, the other may be of POP3 as well
where placed.kind not in ('smtp_tls', 'proxy_logout')
order by placed.line_key;
