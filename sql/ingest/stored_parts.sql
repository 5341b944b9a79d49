-- One row per line of the piece in which pruned lines leave gaps
create or replace temp view read_lines as
select
    line,
    null::bigint as line_key,
    null::timestamptz as known_at,
    null::varchar as known_host,
    null::varchar as part,
    null::varchar as whole_line
from stored.main.raw_lines
where
    line_key between getvariable('first_stored_key') and getvariable('last_stored_key')
    and line_key in (select stored_keys.line_key from stored_keys)
order by raw_lines.line_key;
