-- One row per client that smtpd turned away because it came too often
create or replace temp view smtpd_limits as
select
    line_key,
    is_changed,
    logged_at,
    header_id,
    kind,
    'limit' as action,
    client_name,
    client_ip,
    client_port,
    refusal || refused_service as reason
from columns_of(work_lines, 'smtpd_limits');
