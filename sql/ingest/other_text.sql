-- One row, the first line, if no line of the batch begins like that of a log
create or replace temp view other_text as
with judged as (
    select
        rowid as row_no,
        line,
        -- Separators of journalctl stand between lines of any kind
        style is not null or header is not null or starts_with(line, '-- ') as is_known
    from batch_lines
    where line <> ''
)

select arg_min(line, row_no) as line
from judged
having not bool_or(is_known);
