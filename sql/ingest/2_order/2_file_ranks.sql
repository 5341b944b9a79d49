-- One row per stream: its place among the streams, by the time of its first line
create or replace temp table file_ranks as
select
    file_key,
    row_number() over (order by moment(first_logged_at), file_key) as file_rank
from log_files;
