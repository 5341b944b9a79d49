-- One row per SASL login that smtpd refused
create or replace temp view smtpd_sasl_failures as
select
    line_key,
    logged_at,
    header_id,
    client_name,
    client_ip,
    is_changed,
    method,
    case
        when outcome = 'aborted' then 'login unfinished'
        when regexp_matches(reason, '^(?:Connection lost to|Temporary|Internal) ')
            then 'server failure'
        when starts_with(reason, 'Invalid authentication mechanism') then 'mechanism refused'
        else 'authentication failed'
    end as failure,
    case
        when outcome = 'aborted' then 'aborted by the client'
        else nullif(reason, '(reason unavailable)')
    end as reason,
    case when not may_be_cut then nullif(username, '(unavailable)') end as username
from columns_of(work_lines, 'smtpd_sasl_failures');
