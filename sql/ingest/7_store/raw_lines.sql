-- The new lines themselves; and what stored copies are copies of now, if not of any line
insert into raw_lines by name
select
    line_key,
    logged_at,
    host,
    program,
    pid,
    queue_id,
    kind,
    line,
    copy_of,
    unread
from kept_lines
where part is distinct from 'removed';

update raw_lines
set copy_of = copy_choices.copy_of
from copy_choices
where
    raw_lines.line_key = copy_choices.line_key
    and copy_choices.stored_copy_of is not null
    and copy_choices.stored_copy_of is distinct from copy_choices.copy_of;
