-- One row per connection that the lines show
create or replace temp table connection_spans as
with spans as (
    select
        connection_key,
        any_value(header_id) as header_id,
        max(position) as last_position,
        max(moment) as last_moment,
        count(*) filter (where is_reception(kind)) as message_count,
        count(*) filter (where is_smtpd_rejection(kind)) as rejection_count,
        bool_or(is_disconnect(kind)) as is_ended
    from connection_lines
    group by connection_key
)

-- Where lines are late, not all that a process did behind them is at hand
select
    spans.*,
    max(spans.last_position) over (partition by spans.header_id) = spans.last_position
    and not spans.is_ended
    and spans.last_position >= coalesce(last_connects.position, 0) as is_open
from spans
inner join processes on spans.header_id = processes.header_id
left join last_connects
    on
        processes.host is not distinct from last_connects.host
        and processes.program = last_connects.program
        and processes.pid is not distinct from last_connects.pid;
