-- One row per queue id that occurs; most have one life in the lines at hand
create or replace temp table queue_ids as
with counted as (
    select
        queue_home_id,
        queue_id,
        min(position) as first_position,
        arg_min(line_key, position) as first_line_key,
        min(moment(logged_at)) as first_moment,
        max(moment(logged_at)) as last_moment,
        count(*) filter (where is_birth(kind)) as birth_count,
        min(position) filter (where is_birth(kind)) as birth_position,
        min(position) filter (where is_removal(kind)) as removal_position,
        min(moment(logged_at)) filter (where is_removal(kind)) as removal_moment,
        max(position) filter (where is_intake(kind)) as intake_position,
        max(moment(logged_at)) filter (where kind = 'qmgr_active') as activation_moment
    from queue_lines
    group by all
)

select
    queue_home_id,
    queue_id,
    first_line_key as message_key,
    birth_count > 1
    or birth_position > first_position
    or last_moment > removal_moment + removal_grace()
    or intake_position > removal_position
    or activation_moment > removal_moment
    or last_moment > first_moment + queue_silence() as has_several_lives
from counted;
