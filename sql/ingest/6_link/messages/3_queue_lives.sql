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
                when is_birth then 'birth'
                when is_intake(kind) then 'intake'
            end ignore nulls
        ) over earlier_rows as previous_mark,
        max(position) filter (where is_birth) over earlier_rows as birth_position,
        max(moment(logged_at)) filter (where is_intake(kind)) over earlier_rows as intake_moment,
        max(position) filter (where is_removal) over earlier_rows as removal_position,
        max(removal_end(moment(logged_at), kind)) filter (where is_removal) over earlier_rows
            as removal_end
    from lines_of_ids
    window
        earlier as (partition by queue_home_id, queue_id order by position),
        earlier_rows as (
            partition by queue_home_id, queue_id
            order by position
            rows between unbounded preceding and 1 preceding
        )
),

-- On a busy machine cleanup's line of a message may stand before that which gave its queue id out
judged as (
    select
        *,
        is_birth
        and coalesce(previous_mark = 'intake', false)
        and coalesce(birth_position < removal_position, birth_position is null)
        and moment(logged_at) <= intake_moment + removal_grace() as is_late_birth
    from before
),

begun as (
    select
        *,
        (is_birth and not is_late_birth)
        or previous_moment is null
        or coalesce(
            is_intake(kind)
            and previous_mark = 'removal'
            and moment(logged_at) <= removal_end,
            false
        )
        or moment(logged_at) > previous_moment + queue_silence() as is_begun
    from judged
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
            and moment(logged_at) > removal_end
            and previous_moment <= removal_end,
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
