-- One row per queue id that is used again; most logs have none
create or replace temp table reused_ids as
select
    queue_home_id,
    queue_id
from queue_ids
where has_several_lives;

-- One row per line of a queue id that is used again: the life that it belongs to
create or replace temp table queue_lives as
with lines_of_ids as (
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

marked as (
    select
        *,
        last_value(
            case
                when is_removal then kind::varchar
                when is_birth or is_intake(kind) then 'birth'
                when kind = 'qmgr_active' then 'active'
            end ignore nulls
        ) over earlier_rows as previous_mark,
        last_value(
            case
                when is_removal then kind::varchar
                when is_birth or is_intake(kind) then 'birth'
            end ignore nulls
        ) over earlier_rows as previous_turn,
        last_value(
            case when is_removal then removal_end(moment(logged_at), kind) end ignore nulls
        ) over earlier_rows as previous_end
    from lines_of_ids
    window earlier_rows as (
        partition by queue_home_id, queue_id
        order by position
        rows between unbounded preceding and 1 preceding
    )
),

before as (
    select
        *,
        lag(moment(logged_at)) over earlier as previous_moment,
        max(position) filter (where is_removal) over earlier_rows as removal_position,
        max(moment(logged_at)) filter (where is_removal) over earlier_rows as removal_moment,
        -- That qmgr removes it as well makes no shorter what postsuper's removal allows
        last_value(
            case
                when is_removal and previous_turn <> 'birth'
                    then greatest(removal_end(moment(logged_at), kind), previous_end)
                when is_removal then removal_end(moment(logged_at), kind)
            end ignore nulls
        ) over earlier_rows as removal_end
    from marked
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
        -- What qmgr has removed, it does not take up again; where it speaks first of a message, the
        -- others speak of the same
        or coalesce(
            kind = 'qmgr_active'
            and previous_mark = 'queue_removed'
            -- In one second of a coarse clock, a line of another log may stand behind what it precedes
            and moment(logged_at) > removal_moment
            and previous_moment <= removal_end,
            false
        )
        or coalesce(
            is_intake(kind)
            and previous_turn <> 'birth'
            and not (previous_turn = 'queue_removed' and previous_mark = 'active')
            and moment(logged_at) <= removal_end,
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
            and moment(logged_at) > removal_end
            and previous_moment <= removal_end,
            false
        ) as is_first
    from since
),

-- On a busy machine what cleanup says of a message may stand before the line that gave its queue
-- id out, and in the same second what qmgr says
preceded as (
    select
        *,
        last_value(case when is_first then kind end ignore nulls) over earlier as begun_by,
        last_value(case when is_first then position end ignore nulls) over earlier
            as begun_at_position,
        last_value(case when is_first then moment(logged_at) end ignore nulls) over earlier
            as begun_at
    from first_lines
    window earlier as (
        partition by queue_home_id, queue_id
        order by position
        rows between unbounded preceding and 1 preceding
    )
),

judged as (
    select
        *,
        is_birth
        and coalesce(
            (is_intake(begun_by) or begun_by = 'qmgr_active')
            and moment(logged_at) <= begun_at
            + case when begun_by = 'qmgr_active' then interval 1 second else removal_grace() end
            and coalesce(removal_position < begun_at_position, true),
            false
        ) as is_late_birth
    from preceded
)

select
    line_key,
    last_value(case when is_first and not is_late_birth then line_key end ignore nulls) over (
        partition by queue_home_id, queue_id
        order by position
        rows between unbounded preceding and current row
    ) as message_key
from judged;
