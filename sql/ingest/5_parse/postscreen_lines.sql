-- One row per line of postscreen about one client, which stands as [ADDRESS]:PORT
create or replace temp table postscreen_lines as
select
    line_key,
    is_changed,
    logged_at,
    header_id,
    kind,
    endpoint,
    client_ip,
    client_port,
    lower(action) as action,
    stage,
    content
from columns_of(work_lines, 'postscreen_lines')
union all by name
select * exclude (client_name, sasl_method, sasl_username) from decisions
where is_postscreen(kind);
