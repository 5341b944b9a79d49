-- The one line of the batch, on which a step failed: kept as it is, and said
insert into raw_lines by name
select
    batch.first_line_key as line_key,
    'unknown' as kind,
    failure.line
from batch
cross join failure;

insert into notices by name
select
    batch.first_line_key as notice_key,
    'line_failed' as kind,
    'error' as severity,
    failure.step || ': ' || failure.error as text
from batch
cross join failure;

create or replace temp table stream_state as
select
    file_key,
    first_logged_at,
    last_logged_at,
    last_local_date
from batch;
