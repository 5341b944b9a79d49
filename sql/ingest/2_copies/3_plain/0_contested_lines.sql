-- The lines of the contested seconds: new ones, and those of all streams that are stored
create or replace temp view contested_lines as
with told as (
    select
        line_key,
        false as is_stored,
        null::bigint as copy_of,
        logged_at,
        host,
        program,
        pid,
        kind = 'unknown' as is_unknown,
        line
    from lines
    where is_new and logged_at is not null
    union all
    select
        line_key,
        true as is_stored,
        copy_of,
        logged_at,
        host,
        program,
        pid,
        kind = 'unknown' as is_unknown,
        line
    from raw_lines
    where is_touched(logged_at)
)

select
    told.* exclude (host),
    told.line_key >> 32 as file_key,
    seconds.second_id
from told
inner join contested_seconds as seconds
    on
        told.host is not distinct from seconds.host
        and second_of(told.logged_at) = seconds.epoch_second;
