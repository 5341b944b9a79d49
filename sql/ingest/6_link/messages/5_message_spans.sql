-- One row per message that the lines show
create or replace temp table message_spans as
with spans as (
    select
        message_key,
        any_value(queue_home_id) as queue_home_id,
        any_value(queue_id) as queue_id,
        min(logged_at) as queued_at,
        max(logged_at) as last_logged_at,
        max(position) as last_position,
        max(moment(logged_at)) as last_moment,
        arg_min(line_key, position) filter (where kind = 'cleanup_message_id') as message_id_key,
        arg_min(line_key, position) filter (where is_birth(kind)) as birth_key,
        arg_min(kind, position) filter (where is_birth(kind)) as birth_kind,
        count(*) filter (where kind = 'cleanup_message_id') as message_id_count,
        arg_min(line_key, position) filter (where kind = 'qmgr_active') as activation_key,
        arg_max(line_key, position) filter (where kind = 'qmgr_active') as last_activation_key,
        count(*) filter (where kind = 'qmgr_active') as activation_count,
        min(logged_at) filter (where is_removal(kind)) as removed_at,
        max(removal_end(moment(logged_at), kind)) filter (where is_removal(kind)) as removal_end,
        arg_min(kind, position) filter (where is_removal(kind)) as removal_kind,
        bool_or(kind = 'qmgr_expired') as is_expired,
        min(logged_at) filter (where kind = 'qmgr_expired') as expired_at
    from message_lines
    group by message_key
)

select
    * exclude (last_activation_key),
    case when activation_count > 1 then last_activation_key end as last_activation_key,
    coalesce(removal_end, last_moment + queue_silence()) as expires_at,
    max(last_position) over (partition by queue_home_id, queue_id) = last_position as is_latest
from spans;
