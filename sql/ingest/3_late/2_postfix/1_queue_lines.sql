-- One row per queue id that is touched
create or replace temp table queue_ids_again as
select
    host,
    instance,
    queue_id,
    min(position) as first_position
from touching_lines
where queue_id is not null and not is_of_others(kind)
group by all;

-- When these were used: what has a queue id and a time is a line of one of its messages. Where lines
-- were taken out, rows of messages went with them; an older mailsql's message whose lines were pruned
-- has no last time
create or replace temp view queue_id_times as
select
    case
        when not exists (select line_key from removed_lines) then min(queued_at)
        else '-infinity'
    end as used_from,
    case
        when
            not exists (select line_key from removed_lines)
            and count(queued_at) = count(last_logged_at)
            then max(last_logged_at)
        else 'infinity'
    end as used_until
from messages
where queue_id in (select queue_id from queue_ids_again);

set variable queue_id_times = (select queue_id_times from queue_id_times);

-- The loaded lines that were logged then
create or replace temp view lines_of_these_times as
select * from stored_lines
where
    logged_at >= getvariable('queue_id_times')['used_from']
    and logged_at <= getvariable('queue_id_times')['used_until']
union all
select * from stored_lines
where logged_at is null;

-- One row per loaded line of the queue ids that are touched: what follows the touching line may
-- belong to another message now
create or replace temp table queue_lines_again as
with named as (
    select
        line_key,
        host,
        program,
        pid,
        queue_id,
        kind,
        position,
        program_instance(program) as instance
    from lines_of_these_times
    where not is_of_others(kind) and queue_id in (select queue_id from queue_ids_again)
)

select
    named.*,
    named.position > queue_ids_again.first_position as is_changed
from named
inner join queue_ids_again
    on
        named.host is not distinct from queue_ids_again.host
        and named.instance = queue_ids_again.instance
        and named.queue_id = queue_ids_again.queue_id;

insert into lines_changed_again
select line_key from queue_lines_again
where is_changed;
