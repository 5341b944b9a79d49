-- Every row leads to the line that it comes from
select
    row_keys.table_name,
    row_keys.line_key
from row_keys
anti join log_lines on row_keys.line_key = log_lines.line_key
order by row_keys.table_name, row_keys.line_key;
