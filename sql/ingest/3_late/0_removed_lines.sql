-- The lines that are gone: what they said decides what is read again
create or replace temp view read_lines as
select
    line,
    line_key,
    logged_at as known_at,
    host as known_host,
    'removed' as part,
    null::varchar as whole_line
from removed_lines;
