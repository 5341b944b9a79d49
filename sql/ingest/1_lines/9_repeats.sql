-- A text that came again counts in the row of its line. Where no row counts, only that it came is said
update lines
set
    kind = 'lines_repeated',
    queue_id = null
where
    repeat_count is not null
    and kind <> 'foreign'
    and kind not in (
        select line_kinds.kind::kind_name from line_kinds
        where
            place in (
                'rejections', 'notices', 'logins', 'auth_events', 'mailbox_deliveries',
                'mailbox_events', 'check_results'
            )
    );
