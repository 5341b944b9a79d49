-- The new lines themselves
insert into raw_lines by name
select
    lines.line_key,
    lines.logged_at,
    headers.host,
    headers.program,
    headers.pid,
    lines.queue_id,
    lines.kind,
    lines.line
from lines
left join headers on lines.header_id = headers.header_id
where lines.is_new;
