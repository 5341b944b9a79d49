-- One row per client that postscreen looked at
create or replace temp table screening_spans as
with spans as (
    select
        connection_key,
        any_value(queue_home_id) as queue_home_id,
        any_value(endpoint) as endpoint,
        min(logged_at) filter (where kind = 'postscreen_connect') as connected_at,
        max(logged_at) filter (where kind = 'postscreen_disconnect') as disconnected_at,
        max(moment) as last_moment,
        max(position) as last_position,
        count(*) filter (where is_postscreen_verdict(kind)) as rejection_count,
        -- Where postscreen talked with the client itself, it hangs up in spite of PASS NEW
        bool_or(kind = 'postscreen_pass') and not bool_or(ends_screening(kind)) as is_passed,
        max_by(kind, position) as last_kind,
        bool_or(kind = 'postscreen_hangup') as is_hangup,
        bool_or(kind = 'postscreen_busy') as is_busy,
        bool_or(ends_screening(kind)) as is_ended
    from screening_lines
    group by connection_key
)

select
    *,
    max(last_position) over (partition by queue_home_id, endpoint) = last_position
    and not is_ended as is_open
from spans;
