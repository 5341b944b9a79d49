-- Stored copies that count from now on: read as if they were new
create or replace temp view read_lines as
select
    raw_lines.line,
    raw_lines.line_key,
    raw_lines.logged_at as known_at,
    raw_lines.host as known_host,
    'promoted' as part,
    null::varchar as whole_line
from raw_lines
inner join copy_choices on raw_lines.line_key = copy_choices.line_key
where
    copy_choices.is_stored
    and copy_choices.stored_copy_of is not null
    and copy_choices.copy_of is null;
