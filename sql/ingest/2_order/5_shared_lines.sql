-- One row per loaded stream whose lines stand in this one as well, under another beginning
create or replace temp table shared_lines as
with period as (
    select
        min(logged_at) as first_at,
        max(logged_at) as last_at
    from lines
),

-- Ten lines in a row are no chance
beginning as (
    select
        lines.line_key - batch.first_line_key as place,
        lines.logged_at,
        lines.line
    from lines
    cross join batch
    where batch.first_byte = 0 and lines.line_key < batch.first_line_key + 10
),

inside_others as (
    select
        raw_lines.line_key - beginning.place as loaded_key,
        any_value(batch.first_line_key) as line_key
    from raw_lines
    cross join batch
    inner join beginning
        on raw_lines.logged_at = beginning.logged_at and raw_lines.line = beginning.line
    group by raw_lines.line_key - beginning.place
    having count(*) = 10
),

beginnings_of_others as (
    select
        log_files.file_key * 4294967296 + 1 + places.place as line_key,
        places.place
    from log_files
    cross join batch
    cross join period
    cross join range(10) as places (place)
    where
        log_files.file_key <> batch.file_key
        and log_files.first_logged_at between period.first_at and period.last_at
),

others_inside as (
    select
        raw_lines.line_key - beginnings_of_others.place as loaded_key,
        lines.line_key - beginnings_of_others.place as line_key
    from beginnings_of_others
    inner join raw_lines on beginnings_of_others.line_key = raw_lines.line_key
    inner join lines on raw_lines.logged_at = lines.logged_at and raw_lines.line = lines.line
    group by all
    having count(*) = 10
),

found as (
    select * from inside_others
    union all
    select * from others_inside
)

select
    log_files.path,
    found.loaded_key & 4294967295 as loaded_line_no,
    found.line_key & 4294967295 as line_no
from found
inner join log_files on found.loaded_key >> 32 = log_files.file_key
order by found.line_key
limit 1;
