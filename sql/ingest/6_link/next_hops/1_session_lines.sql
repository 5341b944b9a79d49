-- One row per line of a delivery agent about its connection, and per delivery record of its process
create or replace temp table session_lines as
with events as (
    select
        line_key,
        header_id,
        logged_at,
        kind
    from smtp_sessions
    union all
    select
        changed_lines.line_key,
        changed_lines.header_id,
        changed_lines.logged_at,
        changed_lines.kind
    from changed_lines
    semi join smtp_sessions on changed_lines.header_id = smtp_sessions.header_id
    where changed_lines.kind = 'delivery'
)

select
    events.*,
    line_position(events.logged_at, file_ranks.file_rank, events.line_key) as position
from events
left join file_ranks on events.line_key >> 32 = file_ranks.file_key;
