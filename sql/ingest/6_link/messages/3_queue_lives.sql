-- One row per line of a queue id that is used again: the life that it belongs to
create or replace temp table queue_lives as
with reused_ids as (
    select
        queue_home_id,
        queue_id
    from queue_ids
    where has_several_lives
),

lines_of_ids as (
    select
        queue_lines.*,
        is_birth(kind) as is_birth,
        is_removal(kind) as is_removal
    from queue_lines
    semi join reused_ids
        on
            queue_lines.queue_home_id = reused_ids.queue_home_id
            and queue_lines.queue_id = reused_ids.queue_id
),

before as (
    select
        *,
        lag(moment(logged_at)) over earlier as previous_moment,
        last_value(
            case
                when is_removal then 'removal'
                when is_birth or is_intake(kind) then 'birth'
            end ignore nulls
        ) over earlier_rows as previous_mark,
        max(position) filter (where is_removal) over earlier_rows as removal_position,
        max(moment(logged_at)) filter (where is_removal) over earlier_rows as removal_moment
    from lines_of_ids
    window
        earlier as (partition by queue_home_id, queue_id order by position),
        earlier_rows as (
            partition by queue_home_id, queue_id
            order by position
            rows between unbounded preceding and 1 preceding
        )
),

begun as (
    select
        *,
        is_birth
        or previous_moment is null
        or coalesce(
            is_intake(kind)
            and previous_mark = 'removal'
            and moment(logged_at) <= removal_moment + removal_grace(),
            false
        )
        or moment(logged_at) > previous_moment + queue_silence() as is_begun
    from before
),

since as (
    select
        *,
        max(position) filter (where is_begun) over (
            partition by queue_home_id, queue_id
            order by position
            rows between unbounded preceding and current row
        ) as begun_position
    from begun
),

-- What comes long after the removal is another message whose beginning was not seen
first_lines as (
    select
        *,
        is_begun
        or coalesce(
            removal_position >= begun_position
            and moment(logged_at) > removal_moment + removal_grace()
            and previous_moment <= removal_moment + removal_grace(),
            false
        ) as is_first
    from since
)

select
    line_key,
    last_value(case when is_first then line_key end ignore nulls) over (
        partition by queue_home_id, queue_id
        order by position
        rows between unbounded preceding and current row
    ) as message_key
from first_lines;
