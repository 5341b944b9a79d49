-- The lines of the batch, numbered
create or replace temp view cut_lines as
select
    rowid - (select min(rowid) from batch_lines) as row_no,
    coalesce(line_key >> 32, (select file_key from batch)) as file_key,
    *
from batch_lines;
