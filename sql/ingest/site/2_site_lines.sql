-- The loaded lines that have a kind of one's own
insert into site_lines by name
select
    line_key,
    kind,
    text,
    occurrences
from told_site_lines
where is_own
order by line_key;
