-- One row per shape of line that is not understood, the commonest first
create or replace view reports.unknown_lines_by_shape as
select
    program,
    line_shape(line) as shape,
    count(*) as line_count,
    min(line_key) as first_line_key,
    min_by(line, line_key) as first_line
from main.raw_lines
where kind = 'unknown' and copy_of is null and in_period(logged_at) and on_host(host)
group by all
order by line_count desc, program asc, shape asc;
