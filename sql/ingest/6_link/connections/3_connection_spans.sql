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

select
    *,
    max(last_position) over (partition by header_id) = last_position and not is_ended as is_open
from spans;
