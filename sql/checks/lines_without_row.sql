-- Every line of which the place is a table with a row per line has its row there
with placed as (
    select
        log_lines.line_key,
        log_lines.kind,
        line_kinds.place,
        log_lines.line
    from log_lines
    inner join line_kinds on log_lines.kind = line_kinds.kind
    where line_kinds.place in ('deliveries', 'rejections', 'logins', 'notices', 'queue_events')
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
)

select
    placed.line_key,
    placed.kind,
    placed.place,
    placed.line
from placed
anti join found on placed.line_key = found.line_key and placed.place = found.place
-- Its facts are in the delivery records of its process
where placed.kind <> 'smtp_tls'
order by placed.line_key;
