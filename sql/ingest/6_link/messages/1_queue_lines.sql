-- One row per line of a message in the queue
create or replace temp table queue_lines as
with gathered as (
    select
        line_key,
        kind,
        logged_at,
        header_id,
        queue_id,
        true as is_changed,
        not is_new as is_stored
    from changed_lines
    where queue_id is not null and not is_of_others(kind)
    union all
    select
        line_key,
        kind,
        logged_at,
        header_id,
        queue_id,
        false as is_changed,
        true as is_stored
    from earlier_lines
    where part = 'queue'
)

select
    gathered.* exclude (header_id),
    processes.queue_home_id,
    line_position(gathered.logged_at, file_ranks.file_rank, gathered.line_key) as position
from gathered
inner join processes on gathered.header_id = processes.header_id
left join file_ranks on gathered.line_key >> 32 = file_ranks.file_key;
