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

set variable first_touched_moment = (
    select to_timestamp(min(epoch_second)) from touched_seconds
);

set variable last_touched_moment = (
    select to_timestamp(max(epoch_second)) from touched_seconds
);

-- One row per such second that other streams have lines of as well, or where lines stand twice
create or replace temp table contested_seconds as
with seconds as (
    select distinct
        touched_seconds.host,
        touched_seconds.epoch_second
    from touched_seconds
    inner join raw_lines
        on
            touched_seconds.host is not distinct from raw_lines.host
            and touched_seconds.epoch_second = second_of(raw_lines.logged_at)
    where
        raw_lines.logged_at >= getvariable('first_touched_moment')
        and raw_lines.logged_at < getvariable('last_touched_moment') + interval 1 second
        and raw_lines.line_key >> 32 <> (select file_key from batch)
    union
    select
        touched_seconds.host,
        touched_seconds.epoch_second
    from touched_seconds
    cross join batch
    where batch.is_once
)

select
    row_number() over ()::integer as second_id,
    *
from seconds;
