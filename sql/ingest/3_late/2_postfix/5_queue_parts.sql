-- The other lines of the messages that the changed lines belong to
insert into parts_again
with touched as (
    select distinct
        host,
        program_instance(program) as instance,
        queue_id
    from stored_lines
    where queue_id is not null and line_key in (select line_key from lines_changed_again)
    union
    select distinct
        host,
        instance,
        queue_id
    from touching_lines
    where queue_id is not null and not is_of_others(kind)
),

named as (
    select
        line_key,
        host,
        queue_id,
        program_instance(program) as instance
    from stored_lines
    where not is_of_others(kind) and queue_id in (select queue_id from touched)
)

select
    named.line_key,
    'queue' as part
from named
semi join touched
    on
        named.host is not distinct from touched.host
        and named.instance = touched.instance
        and named.queue_id = touched.queue_id;
