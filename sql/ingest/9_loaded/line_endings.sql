-- Ends of the new lines that are no LF; the line that the stream ended in has its own end by now
delete from line_endings using batch
where
    line_endings.ending = 'none'
    and line_endings.first_line_key between batch.first_line_key - 1 and batch.first_line_key;

insert into line_endings by name
select
    batch.first_line_key + runs.first_place as first_line_key,
    batch.first_line_key + runs.last_place as last_line_key,
    runs.ending
from read_csv(
    getvariable('batch_endings_path'),
    columns = {'first_place': 'BIGINT', 'last_place': 'BIGINT', 'ending': 'VARCHAR'},
    auto_detect = false,
    header = false,
    delim = ','
) as runs
cross join batch;
