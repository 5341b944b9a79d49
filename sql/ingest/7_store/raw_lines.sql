-- The new lines themselves
insert into raw_lines by name
select
    line_key,
    logged_at,
    host,
    program,
    pid,
    queue_id,
    kind,
    line
from lines
where is_new;
