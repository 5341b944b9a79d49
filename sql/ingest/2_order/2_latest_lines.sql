-- Where the latest line of a host and mail system is taken out, the one before it is the latest
create or replace temp table ends_removed as
select
    host,
    family,
    logged_at
from latest_lines
semi join removed_lines on latest_lines.line_key = removed_lines.line_key;

delete from latest_lines
where line_key in (select line_key from removed_lines);

insert into latest_lines by name
with programs as (
    select distinct
        raw_lines.host,
        raw_lines.program
    from raw_lines
    semi join ends_removed on raw_lines.host is not distinct from ends_removed.host
    where raw_lines.copy_of is null
),

programs_removed as (
    select
        programs.host,
        programs.program,
        ends_removed.family
    from programs
    inner join ends_removed
        on
            programs.host is not distinct from ends_removed.host
            and program_family(programs.program) = ends_removed.family
)

select
    programs_removed.host,
    programs_removed.family,
    max(moment(raw_lines.logged_at)) as logged_at,
    arg_max(
        raw_lines.line_key,
        line_position(raw_lines.logged_at, file_ranks.file_rank, raw_lines.line_key)
    ) as line_key
from raw_lines
inner join programs_removed
    on
        raw_lines.host is not distinct from programs_removed.host
        and raw_lines.program = programs_removed.program
left join file_ranks on raw_lines.line_key >> 32 = file_ranks.file_key
where raw_lines.copy_of is null
group by all;

-- What was open at the latest line of now, and no more at that of before, is not in open_lines
insert into reopened_hosts by name
select
    latest_lines.host,
    latest_lines.family,
    least(ends_removed.logged_at, latest_lines.logged_at + queue_silence()) as searched_until
from ends_removed
inner join latest_lines
    on
        ends_removed.host is not distinct from latest_lines.host
        and ends_removed.family = latest_lines.family
where latest_lines.logged_at < ends_removed.logged_at;
