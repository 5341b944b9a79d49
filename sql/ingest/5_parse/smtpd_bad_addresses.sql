-- One row per address that smtpd could not read, and refused
create or replace temp view smtpd_bad_addresses as
select
    line_key,
    is_changed,
    logged_at,
    header_id,
    kind,
    'reject' as action,
    stage,
    client_name,
    client_ip,
    client_port,
    -- The line does not say it; smtpd has no other reply here
    501 as reply_code,
    reason,
    content,
    case when stage = 'MAIL' and not may_be_cut then address end as sender,
    case when stage <> 'MAIL' and not may_be_cut then address end as recipient
from columns_of(work_lines, 'smtpd_bad_addresses');
