-- One row per contested second and stream: its place among the streams whose lines may count. First
-- the one that tells the most events, then that which is understood best, then that with the finest
-- stamps, then that which begins earlier. Streams that tell the same in the same order stand where the
-- first of them would, and of them the one that was loaded first counts: only keys depend on it
create or replace temp table told_seconds as
with numbered as (
    select
        *,
        (hash(text_hash) >> 34)::bigint as text_number
    from tellings
),

told as (
    select
        second_id,
        file_key,
        sum(times) as event_count,
        count(*) filter (where is_unknown) as unknown_count,
        max(digits) as digits,
        sum(text_number) as said,
        -- Places in the second, wherever that stands in the stream
        sum(text_number * (line_key & 4294967295))
        - min(line_key & 4294967295) * said as said_in_order
    from numbered
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
),

begun as (
    select
        file_key,
        row_number() over (order by moment(first_logged_at), identity_sha256, file_key) as place
    from streams
    semi join told on streams.file_key = told.file_key
),

classed as (
    select
        told.*,
        min(begun.place) over (
            partition by
                told.second_id,
                told.event_count,
                told.unknown_count,
                told.digits,
                told.said,
                told.said_in_order
        ) as class
    from told
    inner join begun on told.file_key = begun.file_key
)

select
    second_id,
    file_key,
    row_number() over (
        partition by second_id
        order by event_count desc, unknown_count asc, digits desc, class asc, file_key asc
    ) as place
from classed;
