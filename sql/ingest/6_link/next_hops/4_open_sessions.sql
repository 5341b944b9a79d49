-- One row per line of a delivery agent that its next delivery record may belong to
create or replace temp table open_sessions as
select
    line_key,
    moment(logged_at) + smtp_session_silence() as expires_at
from session_lines
where kind = 'smtp_tls'
qualify row_number() over (partition by header_id order by position desc) = 1
union all
select
    session_lines.line_key,
    moment(session_lines.logged_at) + smtp_session_silence() as expires_at
from session_lines
anti join failed_connections on session_lines.line_key = failed_connections.line_key
where session_lines.kind = 'smtp_connect_failure';
