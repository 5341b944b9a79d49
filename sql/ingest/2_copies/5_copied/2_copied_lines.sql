-- New copies are stored, and tell nothing
update lines
set
    is_new = false,
    copy_of = copy_choices.copy_of
from copy_choices
where
    lines.line_key = copy_choices.line_key
    and not copy_choices.is_stored
    and copy_choices.copy_of is not null;
