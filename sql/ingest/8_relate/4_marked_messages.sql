-- Decisions before the queue id was given out that mark the message which got it next
create or replace temp table marked_messages as
with connections_at_hand as (
    select distinct messages.connection_key from messages
    semi join related_ids on messages.queue_id = related_ids.queue_id
    where messages.connection_key is not null
    union
    select connection_lines.connection_key from connection_lines
    inner join rejections on connection_lines.line_key = rejections.rejection_key
),

marks as (
    select
        rejections.rejection_key,
        rejections.connection_key,
        rejections.sender,
        line_position(rejections.logged_at, file_ranks.file_rank, rejections.rejection_key)
            as position
    from rejections
    semi join connections_at_hand
        on rejections.connection_key = connections_at_hand.connection_key
    inner join file_ranks on rejections.rejection_key >> 32 = file_ranks.file_key
    where
        rejections.queue_id is null
        and rejections.action in (
            'hold', 'discard', 'redirect', 'filter', 'bcc', 'warn', 'info', 'permit',
            'reject_warning', 'milter-hold', 'milter-discard'
        )
),

begun as (
    select
        messages.message_key,
        messages.connection_key,
        coalesce(messages.sender, named.sender) as sender,
        line_position(queue_events.logged_at, file_ranks.file_rank, queue_events.event_key)
            as position
    from messages
    semi join marks on messages.connection_key = marks.connection_key
    -- The line that gave its queue id out
    inner join queue_events
        on
            messages.message_key = queue_events.message_key
            and is_reception(queue_events.kind)
    inner join file_ranks on queue_events.event_key >> 32 = file_ranks.file_key
    -- A message that never became active is told by what was decided about it
    left join (
        select
            message_key,
            min(sender) as sender
        from rejections
        where
            queue_id is not null
            and sender is not null
            and message_key in (
                select messages.message_key from messages
                semi join marks on messages.connection_key = marks.connection_key
            )
        group by message_key
    ) as named on messages.message_key = named.message_key
)

-- The next message of the connection, unless its sender is another: then the transaction of the
-- mark was given up
select
    marks.rejection_key,
    case when coalesce(begun.sender = marks.sender, true) then begun.message_key end
        as message_key
from marks
asof left join begun
    on
        marks.connection_key = begun.connection_key
        and marks.position <= begun.position;

update rejections
set message_key = marked_messages.message_key
from marked_messages
where
    rejections.rejection_key = marked_messages.rejection_key
    and rejections.message_key is distinct from marked_messages.message_key;
