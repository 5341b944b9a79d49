-- One row per host whose loaded lines say what those of the batch say that name none, in the same
-- seconds: so many that this is their host
create or replace temp view hostless_lines as
with told as (
    select
        second_of(logged_at) as epoch_second,
        said_text(line, program) as text
    from loaded_lines
    where
        line_key < getvariable('first_loaded_key') + 20000
        and host is null
        and program_family(program) <> 'other'
        and logged_at is not null
)

select
    raw_lines.host,
    count(distinct raw_lines.line_key) as line_count
from raw_lines
inner join told
    on
        second_of(raw_lines.logged_at) = told.epoch_second
        and said_text(raw_lines.line, raw_lines.program) = told.text
where
    raw_lines.host is not null
    and raw_lines.logged_at >= (select to_timestamp(min(epoch_second)) from told)
    and raw_lines.logged_at < (select to_timestamp(max(epoch_second) + 1) from told)
group by raw_lines.host
having count(distinct raw_lines.line_key) >= 20
order by line_count desc, raw_lines.host asc;
