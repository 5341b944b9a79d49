-- Nobody can write lines that only seem to be alike
set variable comparison_salt = (select uuid()::varchar);

-- One row per stream and contested second of which all streams have the same lines in the same order:
-- the lines of the stream that was loaded first count, and those of the others are copies one by one.
-- Seconds that one stream ends and another begins in, or that one has twice, are looked at line by line
create or replace temp table plain_seconds as
with hashed as (
    select
        line_key,
        is_stored,
        copy_of,
        second_id,
        file_key,
        line_key & 4294967295 as line_no,
        (hash(getvariable('comparison_salt') || line) >> 2)::bigint as line_hash
    from contested_lines
),

streams as (
    select
        second_id,
        file_key,
        count(*) filter (where is_stored) as stored_count,
        min(copy_of - line_key) as copy_distance,
        min(line_no) as first_line_no,
        count(*) as line_count,
        sum(line_hash) as said,
        sum((line_hash >> 32) * line_no) - min(line_no) * sum(line_hash >> 32) as said_in_order,
        max(line_no) - min(line_no) + 1 = count(*)
        and count(copy_of) in (0, count(*) filter (where is_stored))
        and coalesce(copy_distance = max(copy_of - line_key), true) as is_whole
    from hashed
    group by second_id, file_key
),

edges as (
    select
        branch_of,
        second_of(first_logged_at) as first_second,
        second_of(last_logged_at) as last_second
    from log_files
    where file_key in (select file_key from streams)
    union all
    select
        batch.branch_of,
        second_of(stream_state.first_logged_at) as first_second,
        second_of(stream_state.last_logged_at) as last_second
    from stream_state
    inner join batch on stream_state.file_key = batch.file_key
),

-- Where one stream goes on with what another told before
seams as (
    select first_second as epoch_second from edges
    where branch_of is not null or first_second in (select last_second from edges)
),

plain as (
    select
        streams.second_id,
        min(streams.file_key) as counting_key,
        arg_min(streams.first_line_no, streams.file_key) as counting_line_no
    from streams
    inner join contested_seconds as seconds on streams.second_id = seconds.second_id
    where
        seconds.epoch_second not in (
            select epoch_second from seams
            where epoch_second is not null
        )
    group by streams.second_id
    having
        bool_and(streams.is_whole)
        and min(streams.line_count) = max(streams.line_count)
        and min(streams.said) = max(streams.said)
        and min(streams.said_in_order) = max(streams.said_in_order)
        and not bool_or(streams.file_key in (select file_key from log_files where is_once))
        and not any_value((select is_once from batch))
)

select
    streams.second_id,
    streams.file_key * 4294967296 + streams.first_line_no as first_line_key,
    streams.line_count,
    streams.stored_count,
    streams.copy_distance as stored_copy_distance,
    case
        when streams.file_key <> plain.counting_key
            then (plain.counting_key - streams.file_key) * 4294967296
            + plain.counting_line_no - streams.first_line_no
    end as copy_distance
from streams
inner join plain on streams.second_id = plain.second_id;

delete from contested_seconds
where second_id in (select second_id from plain_seconds);
