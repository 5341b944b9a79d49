-- One row per line of the batch: the text file is read as a CSV of one column. No control character
-- occurs in it, so \x01 delimits nothing and \x02 stands for an empty line
create or replace temp view read_lines as
select
    coalesce(line, '') as line,
    null::bigint as line_key,
    null::timestamptz as known_at,
    null::varchar as known_host,
    null::varchar as part,
    null::varchar as whole_line
from read_csv(
    getvariable('batch_path'),
    columns = {'line': 'VARCHAR'},
    auto_detect = false,
    header = false,
    delim = e'\x01',
    quote = '',
    escape = '',
    nullstr = e'\x02',
    new_line = '\n',
    max_line_size = getvariable('batch_buffer_bytes'),
    buffer_size = getvariable('batch_buffer_bytes'),
    strict_mode = false
);
