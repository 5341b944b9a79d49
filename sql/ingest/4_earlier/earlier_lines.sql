-- One row per earlier line, and part of it, that the changed lines continue
create or replace temp table earlier_lines as
with streams as (
    select distinct host, family from lines
    where part is null
),

touched_ids as (
    select distinct host, program_instance(program) as instance, queue_id from lines
    where part is null and queue_id is not null
),

settled as (
    select
        open_lines.*,
        program_family(open_lines.program) as family
    from open_lines
    anti join rewinds
        on
            open_lines.host is not distinct from rewinds.host
            and program_family(open_lines.program) = rewinds.family
),

continued as (
    select settled.* from settled
    semi join touched_ids
        on
            settled.host is not distinct from touched_ids.host
            and program_instance(settled.program) = touched_ids.instance
            and settled.queue_id = touched_ids.queue_id
    where settled.part = 'queue'
    union all
    select settled.* from settled
    semi join streams
        on settled.host is not distinct from streams.host and settled.family = streams.family
    where settled.part <> 'queue'
)

select
    part,
    line_key,
    logged_at,
    host,
    program,
    pid,
    queue_id,
    kind,
    body,
    connection_key
from continued
union all
select
    lines.part,
    lines.line_key,
    lines.logged_at,
    lines.host,
    lines.program,
    lines.pid,
    lines.queue_id,
    lines.kind,
    lines.body,
    messages.connection_key
from lines
left join messages on lines.line_key = messages.message_key
where lines.part is not null;

create or replace temp view changed_lines as
select * from lines
where part is null;

create or replace temp view work_lines as
select
    line_key,
    logged_at,
    program,
    kind,
    body
from changed_lines
union all
(
    select distinct on (line_key)
        line_key,
        logged_at,
        program,
        kind,
        body
    from earlier_lines
);
