-- One row per new line that no text of its kind reads to its end
create or replace temp table unread_lines as
select line_key from lines
where is_new and exists(from new_kinds) and not is_read(kind, body);

update lines
set unread = unread_reason(kind, body, may_be_cut, known_keys(kind))
from unread_lines
where lines.line_key = unread_lines.line_key;
