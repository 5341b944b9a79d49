-- One row per line of postscreen about one client, with the connection that it belongs to
create or replace temp table screening_lines as
with events as (
    select
        postscreen_lines.line_key,
        postscreen_lines.kind,
        postscreen_lines.is_changed,
        postscreen_lines.header_id,
        postscreen_lines.logged_at,
        postscreen_lines.endpoint,
        processes.queue_home_id,
        moment(postscreen_lines.logged_at) as moment,
        line_position(
            postscreen_lines.logged_at, file_ranks.file_rank, postscreen_lines.line_key
        ) as position
    from postscreen_lines
    inner join processes on postscreen_lines.header_id = processes.header_id
    left join file_ranks on postscreen_lines.line_key >> 32 = file_ranks.file_key
    where postscreen_lines.endpoint is not null
),

-- One process screens many clients at a time: address and port tell them apart
followed as (
    select
        *,
        coalesce(
            not ends_screening(lag(kind) over of_client)
            and moment - lag(moment) over of_client
            <= screening_silence(lag(kind) over of_client),
            false
        ) as is_connected
    from events
    window of_client as (partition by queue_home_id, endpoint order by position)
)

select
    *,
    last_value(
        case when kind = 'postscreen_connect' or not is_connected then line_key end ignore nulls
    ) over (
        partition by queue_home_id, endpoint
        order by position
        rows between unbounded preceding and current row
    ) as connection_key
from followed;
