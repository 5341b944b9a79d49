-- One row per loaded line of the queue ids that are touched: what follows the touching line may
-- belong to another message now
create or replace temp table queue_lines_again as
with touched as (
    select
        host,
        instance,
        queue_id,
        min(position) as first_position
    from touching_lines
    where queue_id is not null and not is_of_others(kind)
    group by all
),

named as (
    select
        line_key,
        host,
        program,
        pid,
        queue_id,
        kind,
        position,
        program_instance(program) as instance
    from stored_lines
    where not is_of_others(kind) and queue_id in (select queue_id from touched)
)

select
    named.*,
    named.position > touched.first_position as is_changed
from named
inner join touched
    on
        named.host is not distinct from touched.host
        and named.instance = touched.instance
        and named.queue_id = touched.queue_id;

insert into lines_changed_again
select line_key from queue_lines_again
where is_changed;
