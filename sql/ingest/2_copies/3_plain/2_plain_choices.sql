-- One row per line of these seconds: the line that counts in its place
insert into copy_choices by name
select
    line_key,
    line_key < first_line_key + stored_count as is_stored,
    case when is_stored then line_key + stored_copy_distance end as stored_copy_of,
    line_key + copy_distance as copy_of
from (
    select
        *,
        unnest(range(first_line_key, first_line_key + line_count)) as line_key
    from plain_seconds
) as plain_lines;
