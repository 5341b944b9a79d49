-- Decisions before the queue id was given out that mark the message which got it next
create or replace temp table marks as
with connections_at_hand as (
    select distinct messages.connection_key from messages
    semi join related_messages on messages.message_key = related_messages.message_key
    where messages.connection_key is not null
    union
    select connection_lines.connection_key from connection_lines
    inner join rejections on connection_lines.line_key = rejections.rejection_key
)

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
    );

-- The messages of their connections, and the lines that gave their queue ids out
create or replace temp table messages_of_marks as
select
    messages.message_key,
    messages.connection_key,
    messages.sender,
    messages.queued_at
from messages
semi join marks on messages.connection_key = marks.connection_key;

set variable given_since = (select min(queued_at) from messages_of_marks);

set variable given_until = (select max(queued_at) + removal_grace() from messages_of_marks);

-- One row per decision, with the message that it marks
create or replace temp table marked_messages as
with receptions as (
    select
        message_key,
        event_key,
        logged_at
    from queue_events
    where
        logged_at between getvariable('given_since') and getvariable('given_until')
        and is_reception(kind)
        and message_key in (select message_key from messages_of_marks)
),

begun as (
    select
        messages_of_marks.message_key,
        messages_of_marks.connection_key,
        coalesce(messages_of_marks.sender, named.sender) as sender,
        line_position(
            coalesce(receptions.logged_at, messages_of_marks.queued_at),
            file_ranks.file_rank,
            coalesce(receptions.event_key, messages_of_marks.message_key)
        ) as position
    from messages_of_marks
    left join receptions on messages_of_marks.message_key = receptions.message_key
    inner join file_ranks
        on
            coalesce(receptions.event_key, messages_of_marks.message_key) >> 32
            = file_ranks.file_key
    -- A message that never became active is told by what was decided about it
    left join (
        select
            message_key,
            min(sender) as sender
        from rejections
        where
            queue_id is not null
            and sender is not null
            and message_key in (select message_key from messages_of_marks)
        group by message_key
    ) as named on messages_of_marks.message_key = named.message_key
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
