-- One row per SASL login that smtpd refused
create or replace temp view smtpd_sasl_failures as
select
    line_key,
    logged_at,
    header_id,
    client_name,
    client_ip,
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
    nullif(username, '(unavailable)') as username
from columns_of(changed_lines, 'smtpd_sasl_failures');
