-- What a row leads to is there
select
    row_references.table_name,
    row_references.line_key,
    row_references.column_name,
    row_references.target_key
from row_references
anti join row_keys
    on
        row_references.target_name = row_keys.table_name
        and row_references.target_key = row_keys.row_key
order by row_references.table_name, row_references.line_key, row_references.column_name;
