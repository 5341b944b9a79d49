-- When messages of an older mailsql were last logged. A line with a queue id is of the last message
-- with it whose first line it is, or comes before it
create or replace temp table last_times as
with file_ranks as (
    select
        file_key,
        row_number() over (order by moment(first_logged_at), file_key) as file_rank
    from log_files
),

named as (
    select
        raw_lines.line_key,
        raw_lines.logged_at,
        raw_lines.host,
        raw_lines.queue_id,
        program_instance(raw_lines.program) as instance,
        line_position(raw_lines.logged_at, file_ranks.file_rank, raw_lines.line_key) as position
    from raw_lines
    left join file_ranks on raw_lines.line_key >> 32 = file_ranks.file_key
    where
        raw_lines.queue_id is not null
        and raw_lines.copy_of is null
        and not is_of_others(raw_lines.kind)
),

of_messages as (
    select
        named.logged_at,
        last_value(messages.message_key ignore nulls) over (
            partition by named.host, named.instance, named.queue_id
            order by named.position
            rows between unbounded preceding and current row
        ) as message_key
    from named
    left join messages on named.line_key = messages.message_key
)

select
    message_key,
    max(logged_at) as last_logged_at
from of_messages
group by message_key;

update messages
set last_logged_at = last_times.last_logged_at
from last_times
where messages.message_key = last_times.message_key;
