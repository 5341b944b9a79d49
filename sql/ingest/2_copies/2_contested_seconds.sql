-- One row per touched second that other streams have lines of as well, or where lines stand twice
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
        is_touched(raw_lines.logged_at)
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
