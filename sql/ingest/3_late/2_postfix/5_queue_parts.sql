-- The other lines of the messages that the changed lines belong to
insert into parts_again
select
    line_key,
    'queue' as part
from queue_lines_again;

-- One row per further queue id of changed lines: nothing of it is touched itself
create or replace temp table queue_ids_again as
with changed as (
    select distinct
        host,
        program_instance(program) as instance,
        queue_id
    from stored_lines
    where queue_id is not null and line_key in (select line_key from lines_changed_again)
)

select changed.* from changed
anti join queue_ids_again
    on
        changed.host is not distinct from queue_ids_again.host
        and changed.instance = queue_ids_again.instance
        and changed.queue_id = queue_ids_again.queue_id;

set variable queue_id_times = (select queue_id_times from queue_id_times);

insert into parts_again
with named as (
    select
        line_key,
        host,
        queue_id,
        program_instance(program) as instance
    from lines_of_these_times
    where not is_of_others(kind) and queue_id in (select queue_id from queue_ids_again)
)

select
    named.line_key,
    'queue' as part
from named
semi join queue_ids_again
    on
        named.host is not distinct from queue_ids_again.host
        and named.instance = queue_ids_again.instance
        and named.queue_id = queue_ids_again.queue_id;
