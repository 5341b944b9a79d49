-- One row per touching line that begins or ends a session
create or replace temp table touching_sessions as
with told as (
    select
        line_key,
        true as is_login,
        protocol,
        username,
        session_id
    from dovecot_logins
    where is_success
    union all
    select
        line_key,
        false as is_login,
        protocol,
        username,
        session_id
    from session_ends
)

select
    touching_lines.host,
    touching_lines.moment,
    touching_lines.position,
    touching_lines.is_gone,
    told.is_login,
    told.protocol,
    told.username,
    told.session_id
from told
inner join touching_lines on told.line_key = touching_lines.line_key;
