-- One row per shape of line that was not read to its end, those of most processes first
create or replace view unread_shapes as
with shaped as (
    select
        kind,
        unread as reason,
        program,
        line_shape(line) as shape,
        count(*) as line_count,
        count(distinct writing_process(host, program, pid, line)) as process_count,
        min(line_key) as first_line_key,
        min_by(line, line_key) as first_line
    from log_lines
    where unread is not null and copy_of is null
    group by all
)

select
    shaped.kind,
    shaped.reason,
    shaped.program,
    shaped.shape,
    shaped.line_count,
    shaped.process_count,
    shaped.first_line_key,
    shaped.first_line,
    unread_rest(shaped.first_line, line_kinds.beginnings) as rest
from shaped
left join line_kinds on shaped.kind = line_kinds.kind
order by shaped.process_count desc, shaped.line_count desc, shaped.first_line_key asc;

comment on column unread_shapes.kind is 'Kind (line_kinds)';
comment on column unread_shapes.reason is
'Why (log_lines.unread); only new keys and new texts are something that mailsql should learn';
comment on column unread_shapes.program is 'Program that wrote it';
comment on column unread_shapes.shape is 'The text with addresses and numbers left out';
comment on column unread_shapes.line_count is 'Lines of this shape';
comment on column unread_shapes.process_count is
'Processes that wrote them: what a stranger made up is seldom written by many';
comment on column unread_shapes.first_line_key is 'The first of them (log_lines)';
comment on column unread_shapes.first_line is 'Its text';
comment on column unread_shapes.rest is 'What follows in it where reading stopped';
