-- One row per line of the piece, of those that another database holds
create or replace temp view read_lines as
select
    line,
    null::bigint as line_key,
    null::timestamptz as known_at,
    null::varchar as known_host,
    null::varchar as part,
    null::varchar as whole_line
from stored.main.raw_lines
where line_key between getvariable('first_stored_key') and getvariable('last_stored_key')
order by raw_lines.line_key;
