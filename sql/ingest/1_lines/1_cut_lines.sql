-- The lines of the batch, numbered
create or replace temp view cut_lines as
select
    rowid - (select min(rowid) from batch_lines) as row_no,
    *
from batch_lines;
