-- One row per earlier line, and part of it, that the changed lines continue
create or replace temp table earlier_lines as
with streams as (
    select distinct
        host,
        family
    from lines
    where part is null
),

touched_ids as (
    select distinct
        host,
        instance,
        queue_id
    from lines
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
),

read_again as (
    select
        lines.*,
        messages.connection_key
    from lines
    left join messages on lines.line_key = messages.message_key
    where lines.part is not null
),

gathered as (
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
    from read_again
)

select
    *,
    program_instance(program) as instance,
    program_service(program) as service
from gathered;

create or replace temp view changed_lines as
select * from lines
where part is null;

create or replace temp view work_lines as
select
    line_key,
    true as is_changed,
    logged_at,
    host,
    service,
    kind,
    body
from changed_lines
union all
(
    select distinct on (line_key)
        line_key,
        false as is_changed,
        logged_at,
        host,
        service,
        kind,
        body
    from earlier_lines
);
