-- One row per stream that may tell what this one tells: each other, and this one where its lines stand
-- there twice
create or replace temp table telling_streams as
select log_files.file_key
from log_files
inner join batch on log_files.file_key <> batch.file_key
union all
select file_key from batch
where is_once;

-- The last second that the stream was read up to
set variable last_stream_moment = (select to_timestamp(second_of(last_logged_at)) from batch);

-- The second that the stream begins in, if it is a part of another rotation now
set variable moved_stream_moment = (
    select to_timestamp(second_of(first_logged_at)) from batch
    where is_moved
);

-- One row per host and second of which lines come or go, or that the stream does not end in any more,
-- or begins in as a part of another rotation
create or replace temp table touched_seconds as
with touched as (
    select
        host,
        second_of(logged_at) as epoch_second
    from lines
    where is_new and logged_at is not null
    union
    select
        host,
        epoch_second
    from gone_seconds
    union
    select
        raw_lines.host,
        second_of(raw_lines.logged_at) as epoch_second
    from raw_lines
    cross join batch
    where
        raw_lines.logged_at >= getvariable('last_stream_moment')
        and raw_lines.logged_at < getvariable('last_stream_moment') + interval 1 second
        and raw_lines.line_key >> 32 = batch.file_key
    union
    select
        raw_lines.host,
        second_of(raw_lines.logged_at) as epoch_second
    from raw_lines
    cross join batch
    where
        raw_lines.logged_at >= getvariable('moved_stream_moment')
        and raw_lines.logged_at < getvariable('moved_stream_moment') + interval 1 second
        and raw_lines.line_key >> 32 = batch.file_key
    union
    select
        raw_lines.host,
        second_of(raw_lines.logged_at) as epoch_second
    from raw_lines
    cross join batch
    where batch.is_once_anew and raw_lines.line_key >> 32 = batch.file_key
)

select * from touched
where exists (select file_key from telling_streams);

-- One row per span of time that they lie in: the widest gaps of more than a minute are between spans
create or replace temp table touched_spans as
with minutes as (
    select
        epoch_second // 60 as minute,
        min(epoch_second) as first_second,
        max(epoch_second) as last_second
    from touched_seconds
    where epoch_second is not null
    group by all
),

stepped as (
    select
        *,
        first_second - lag(last_second) over (order by minute) as gap
    from minutes
),

parted as (
    select
        *,
        coalesce(gap > 60, true)
        and row_number() over (order by gap desc nulls first, minute asc) <= 40 as is_first
    from stepped
),

numbered as (
    select
        *,
        count(*) filter (where is_first) over (order by minute) as span_no
    from parted
)

select
    min(first_second) as first_second,
    max(last_second) as last_second
from numbered
group by span_no;
