-- Times of the stream as it stands after this batch
update log_files
set
    first_logged_at = stream_state.first_logged_at,
    last_logged_at = stream_state.last_logged_at,
    last_local_date = stream_state.last_local_date,
    year_source = coalesce(
        log_files.year_source,
        case when stream_state.last_local_date is not null then batch.year_source end
    )
from stream_state
cross join batch
where log_files.file_key = stream_state.file_key;
