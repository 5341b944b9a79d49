-- One row: times of the stream where no line of the batch is read, which changes nothing
create or replace temp table stream_state as
select
    file_key,
    first_logged_at,
    last_logged_at,
    last_local_date,
    null::bigint as first_year,
    false as has_wide_step
from batch;
