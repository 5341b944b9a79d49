-- One row per shape of line that holds something new behind what is read, by kind
create or replace view reports.unread_lines_by_shape as
select
    kind,
    line_shape(line) as shape,
    count(*) as line_count,
    count(distinct writing_process(host, program, pid, line)) as process_count,
    min(line_key) as first_line_key,
    min_by(line, line_key) as first_line
from main.raw_lines
where
    unread in ('new key', 'new text')
    and copy_of is null
    and in_period(logged_at)
    and on_host(host)
group by all
order by process_count desc, line_count desc, kind asc, shape asc;
