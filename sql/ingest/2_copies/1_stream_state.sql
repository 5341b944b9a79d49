-- One row: times of the stream as it stands after this batch
create or replace temp table stream_state as
select
    batch.file_key,
    coalesce(
        batch.first_logged_at,
        (select arg_min(logged_at, line_key) from lines where logged_at is not null)
    ) as first_logged_at,
    coalesce(
        (select arg_max(logged_at, line_key) from lines where logged_at is not null),
        batch.last_logged_at
    ) as last_logged_at,
    coalesce(
        (select arg_max(local_date, row_no) from stamps where local_date is not null),
        batch.last_local_date
    ) as last_local_date,
    (select arg_min(year, first_row_no) from years) as first_year,
    coalesce((select any_value(has_wide_step) from years), false) as has_wide_step
from batch;
