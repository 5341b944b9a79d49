-- One row per shape of line that is not understood, the commonest first
create or replace view unknown_shapes as
select
    program,
    line_shape(line) as shape,
    count(*) as line_count,
    min(line_key) as first_line_key,
    min_by(line, line_key) as first_line
from log_lines
where kind = 'unknown'
group by all
order by line_count desc, first_line_key asc;

comment on column unknown_shapes.program is 'Program that wrote it';
comment on column unknown_shapes.shape is 'The text with addresses and numbers left out';
comment on column unknown_shapes.line_count is 'Lines of this shape';
comment on column unknown_shapes.first_line_key is 'The first of them (log_lines)';
comment on column unknown_shapes.first_line is 'Its text';
