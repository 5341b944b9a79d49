-- A line without a time goes with the line before it: it is a copy if that is one, and if the same line
-- follows where that counts
insert into copy_choices by name
with untimed as (
    select
        line_key,
        false as is_stored,
        null::bigint as copy_of,
        line
    from lines
    where is_new and logged_at is null
    union all
    select
        line_key,
        true as is_stored,
        copy_of,
        line
    from raw_lines
    where logged_at is null
),

-- The lines of a run have the key of the timed line before it in common
runs as (
    select
        *,
        line_key - row_number() over (order by line_key) as run
    from untimed
),

placed as (
    select
        *,
        min(line_key) over (partition by run) - 1 as base_key
    from runs
),

followers as (
    select
        placed.line_key,
        placed.is_stored,
        placed.copy_of,
        placed.line,
        copy_choices.copy_of + placed.line_key - placed.base_key as counting_key
    from placed
    inner join copy_choices on placed.base_key = copy_choices.line_key
)

select
    followers.line_key,
    followers.is_stored,
    followers.copy_of as stored_copy_of,
    counting.line_key as copy_of
from followers
left join placed as counting
    on followers.counting_key = counting.line_key and followers.line = counting.line;
