-- One row per line of a message in the queue
create or replace temp table queue_lines as
select
    changed_lines.line_key,
    changed_lines.kind,
    changed_lines.logged_at,
    changed_lines.host,
    changed_lines.instance,
    changed_lines.queue_id,
    line_position(changed_lines.logged_at, file_ranks.file_rank, changed_lines.line_key)
        as position,
    true as is_changed,
    not changed_lines.is_new as is_stored
from changed_lines
inner join file_ranks on changed_lines.line_key >> 32 = file_ranks.file_key
where changed_lines.queue_id is not null
union all
select
    earlier_lines.line_key,
    earlier_lines.kind,
    earlier_lines.logged_at,
    earlier_lines.host,
    earlier_lines.instance,
    earlier_lines.queue_id,
    line_position(earlier_lines.logged_at, file_ranks.file_rank, earlier_lines.line_key)
        as position,
    false as is_changed,
    true as is_stored
from earlier_lines
inner join file_ranks on earlier_lines.line_key >> 32 = file_ranks.file_key
where earlier_lines.part = 'queue';
