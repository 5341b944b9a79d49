-- One row per line in which a check of a header or body matched
create or replace temp table cleanup_checks as
select
    line_key,
    is_changed,
    logged_at,
    header_id,
    kind,
    action,
    stage,
    client_name,
    client_ip,
    client_port,
    dsn,
    reason,
    content,
    case when contains(body, '; from=<') then sender end as sender,
    recipient,
    protocol,
    helo_name
from columns_of(work_lines, 'cleanup_checks');
