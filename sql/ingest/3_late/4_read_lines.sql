-- One row per loaded line that is read again, and part of something that it is read again for
create or replace temp view read_lines as
with again as (
    select distinct
        line_key,
        null as part
    from lines_changed_again
    union all
    select distinct
        line_key,
        part
    from parts_again
    where line_key not in (select line_key from lines_changed_again)
)

select
    raw_lines.line,
    raw_lines.line_key,
    raw_lines.logged_at as known_at,
    raw_lines.host as known_host,
    again.part,
    null::varchar as whole_line
from raw_lines
inner join again on raw_lines.line_key = again.line_key;
