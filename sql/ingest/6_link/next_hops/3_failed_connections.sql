-- One row per failed connection of a delivery agent whose delivery attempt is at hand
create or replace temp table failed_connections as
with failures as (
    select * from session_lines
    where kind = 'smtp_connect_failure'
),

records as (
    select * from session_lines
    where kind = 'delivery'
)

-- A process works on one message at a time: its next record is that message's
select
    failures.line_key,
    message_lines.message_key
from failures
asof inner join records
    on
        failures.header_id = records.header_id
        and failures.position <= records.position
inner join message_lines on records.line_key = message_lines.line_key
where records.logged_at - failures.logged_at <= smtp_session_silence();
