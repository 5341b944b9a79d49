-- What the changed lines tell of messages besides deliveries and decisions
delete from queue_events
where event_key in (select line_key from message_lines where is_changed and is_stored);

insert into queue_events by name
with texts as (
    select
        line_key,
        body
    from changed_lines
    where
        queue_id is not null
        and kind in (
            select line_kinds.kind::kind_name from line_kinds
            where contains(sentence_en, '{text}')
        )
    union all
    -- Further Message-ID headers of a message
    select
        changed_lines.line_key,
        changed_lines.body
    from changed_lines
    inner join message_lines on changed_lines.line_key = message_lines.line_key
    inner join message_spans on message_lines.message_key = message_spans.message_key
    where
        changed_lines.kind = 'cleanup_message_id'
        and message_spans.message_id_count > 1
        and changed_lines.line_key <> message_spans.message_id_key
)

select
    message_lines.line_key as event_key,
    message_lines.message_key,
    message_lines.logged_at,
    message_lines.kind,
    related_queue_ids.related_queue_id,
    related_queue_ids.relation,
    texts.body as text
from message_lines
left join related_queue_ids on message_lines.line_key = related_queue_ids.line_key
left join texts on message_lines.line_key = texts.line_key
where
    message_lines.is_changed
    and message_lines.kind <> 'delivery'
    and not is_smtpd_rejection(message_lines.kind)
    and not is_cleanup_verdict(message_lines.kind)
order by event_key;
