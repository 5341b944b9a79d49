-- One row per contested second and stream: how much it tells of it, and its place among the streams
-- whose lines may count
create or replace temp table told_seconds as
with told as (
    select
        second_id,
        file_key,
        sum(times) as event_count,
        max(digits) as digits
    from tellings
    group by second_id, file_key
),

streams as (
    select
        file_key,
        first_logged_at,
        identity_sha256
    from log_files
    anti join batch on log_files.file_key = batch.file_key
    union all
    select
        batch.file_key,
        stream_state.first_logged_at,
        batch.identity_sha256
    from batch
    inner join stream_state on batch.file_key = stream_state.file_key
)

select
    told.second_id,
    told.file_key,
    row_number() over (
        partition by told.second_id
        order by
            told.event_count desc,
            told.digits desc,
            moment(streams.first_logged_at),
            streams.identity_sha256,
            told.file_key
    ) as place
from told
inner join streams on told.file_key = streams.file_key;
