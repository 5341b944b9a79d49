-- One row per earlier line, and part of it, that the changed lines continue

-- The lines read again that gave a queue id out
create or replace temp table receptions_again as
select line_key from lines
where part <> 'removed' and is_reception(kind);

set variable first_reception_key = (select min(line_key) from receptions_again);

set variable last_reception_key = (select max(line_key) from receptions_again);

-- The lines themselves: open ones, and those that late lines may have to do with
create or replace temp table earlier_lines as
with mail_systems as (
    select distinct processes.mail_system_id
    from changed_lines
    inner join processes on changed_lines.header_id = processes.header_id
),

touched_ids as (
    select distinct
        processes.queue_home_id,
        changed_lines.queue_id
    from changed_lines
    inner join processes on changed_lines.header_id = processes.header_id
    where changed_lines.queue_id is not null and not is_of_others(changed_lines.kind)
),

settled as (
    select
        open_lines.*,
        processes.header_id,
        processes.queue_home_id,
        processes.mail_system_id
    from open_lines
    inner join processes
        on
            open_lines.host is not distinct from processes.host
            and open_lines.program is not distinct from processes.program
            and open_lines.pid is not distinct from processes.pid
    -- What late lines continue is found among all loaded lines
    anti join late_hosts
        on
            open_lines.host is not distinct from late_hosts.host
            and processes.family = late_hosts.family
),

continued as (
    select settled.* from settled
    semi join touched_ids
        on
            settled.queue_home_id = touched_ids.queue_home_id
            and settled.queue_id = touched_ids.queue_id
    where settled.part = 'queue'
    union all
    select settled.* from settled
    semi join mail_systems on settled.mail_system_id = mail_systems.mail_system_id
    where settled.part <> 'queue'
),

-- Which connection gave a queue id out, its message knows
receptions as (
    select
        queue_events.event_key as line_key,
        messages.connection_key
    from queue_events
    inner join messages on queue_events.message_key = messages.message_key
    where
        queue_events.event_key
        between getvariable('first_reception_key') and getvariable('last_reception_key')
        and queue_events.event_key in (select line_key from receptions_again)
)

select
    part,
    line_key,
    logged_at,
    header_id,
    queue_id,
    kind::kind_name as kind,
    speaker,
    body,
    may_be_cut,
    connection_key
from continued
union all
select
    lines.part,
    lines.line_key,
    lines.logged_at,
    lines.header_id,
    lines.queue_id,
    lines.kind,
    lines.speaker,
    lines.body,
    lines.may_be_cut,
    receptions.connection_key
from lines
left join receptions on lines.line_key = receptions.line_key
where lines.part <> 'removed';

-- One row per line that rows are made of: those that are changed, and those that they continue
create or replace temp view work_lines as
select
    line_key,
    true as is_changed,
    logged_at,
    header_id,
    kind,
    speaker,
    body,
    may_be_cut
from changed_lines
union all
(
    select distinct on (line_key)
        line_key,
        false as is_changed,
        logged_at,
        header_id,
        kind,
        speaker,
        body,
        may_be_cut
    from earlier_lines
);
