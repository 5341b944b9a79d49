-- Every line of which the place is a table with a row per line has its row there
with placed as (
    select
        log_lines.line_key,
        log_lines.kind,
        line_kinds.place,
        log_lines.line
    from log_lines
    inner join line_kinds on log_lines.kind = line_kinds.kind
    inner join placed_tables on line_kinds.place = placed_tables.table_name
    where log_lines.copy_of is null
)

select
    placed.line_key,
    placed.kind,
    placed.place,
    placed.line
from placed
anti join row_keys
    on placed.line_key = row_keys.placed_key and placed.place = row_keys.table_name
-- The facts of one are in the delivery records of its process, the other may be of POP3 as well
where placed.kind not in ('smtp_tls', 'proxy_logout')
order by placed.line_key;
