-- The lines of the batch, one of which or all of which a step failed on: kept as they are, and said
create or replace temp table failed_lines as
select line from read_lines;

-- The same, each with its key
create or replace temp view numbered_failed_lines as
select
    loaded_key(failed_lines.rowid - first_rows.first_rowid) as line_key,
    failed_lines.line
from failed_lines
cross join (select min(rowid) as first_rowid from failed_lines) as first_rows;

insert into raw_lines by name
select
    line_key,
    'unknown' as kind,
    line
from numbered_failed_lines;

insert into notices by name
select
    numbered_failed_lines.line_key as notice_key,
    'line_failed' as kind,
    'error' as severity,
    failure.step || ': ' || failure.error as text
from numbered_failed_lines
cross join failure;
