-- They are stored as copies before others are derived without them
update raw_lines
set copy_of = copy_choices.copy_of
from copy_choices
where
    raw_lines.line_key = copy_choices.line_key
    and copy_choices.is_stored
    and copy_choices.stored_copy_of is null
    and copy_choices.copy_of is not null;
