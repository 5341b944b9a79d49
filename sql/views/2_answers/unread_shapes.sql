-- One row per shape of line that was not read to its end, those of most processes first
create or replace view unread_shapes as
with shaped as (
    select
        kind,
        unread as reason,
        program,
        line_shape(line) as shape,
        count(*) as line_count,
        count(distinct concat_ws(' ', host, program, pid)) as process_count,
        min(line_key) as first_line_key,
        min_by(line, line_key) as first_line
    from log_lines
    where unread is not null and copy_of is null
    group by all
),

begun as (
    select
        kind,
        unnest(beginnings) as beginning
    from line_kinds
),

read as (
    select
        shaped.first_line_key,
        max(
            length(
                regexp_extract(
                    shaped.first_line,
                    '^.*?(?:: (?:[0-9A-Za-z]{6,40}: )?|\. )(?:' || begun.beginning || ')'
                )
            )
        ) as read_length
    from shaped
    inner join begun on shaped.kind = begun.kind
    group by shaped.first_line_key
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
    substr(shaped.first_line, coalesce(read.read_length, 0) + 1) as rest
from shaped
left join read on shaped.first_line_key = read.first_line_key
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
