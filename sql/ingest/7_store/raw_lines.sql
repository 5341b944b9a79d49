-- The new lines themselves; and what stored copies are copies of now, if not of any line
insert into raw_lines by name
select
    lines.line_key,
    lines.logged_at,
    lines.host,
    lines.program,
    lines.pid,
    lines.queue_id,
    lines.kind,
    lines.line,
    copy_choices.copy_of
from lines
left join copy_choices on lines.line_key = copy_choices.line_key
where
    lines.line_key >= (select first_line_key from batch)
    and lines.line_key >> 32 = (select file_key from batch);

update raw_lines
set copy_of = copy_choices.copy_of
from copy_choices
where
    raw_lines.line_key = copy_choices.line_key
    and copy_choices.stored_copy_of is not null
    and copy_choices.stored_copy_of is distinct from copy_choices.copy_of;
