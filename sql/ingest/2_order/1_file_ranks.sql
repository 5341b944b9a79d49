-- One row per stream: its place among the streams, by the time of its first line
create or replace temp table file_ranks as
with streams as (
    select
        file_key,
        first_logged_at
    from log_files
    anti join stream_state on log_files.file_key = stream_state.file_key
    union all
    select
        file_key,
        first_logged_at
    from stream_state
)

select
    file_key,
    row_number() over (order by moment(first_logged_at), file_key) as file_rank
from streams;
