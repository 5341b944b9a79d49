-- One row per SASL login that smtpd refused
-- warning: unknown[192.0.2.99]: SASL LOGIN authentication failed: (reason unavailable), sasl_username=root
-- warning: unknown[192.0.2.99]: SASL LOGIN authentication aborted
create or replace temp view smtpd_sasl_failures as
with matched as (
    select
        line_key,
        logged_at,
        header_id,
        may_be_cut,
        regexp_extract(
            body,
            '^' || client_pattern() || ': SASL (\S+) authentication ?(failed:?|aborted|$) ?'
            || '(.*?),?(?: sasl_username=(.*))?$',
            ['name', 'ip', 'port', 'method', 'outcome', 'reason', 'username']
        ) as parts
    from changed_lines
    where kind = 'smtpd_sasl_failure'
)

select
    line_key,
    logged_at,
    header_id,
    known_name(parts.name) as client_name,
    plain_ip(parts.ip) as client_ip,
    nullif(parts.method, '') as method,
    case
        when parts.outcome = 'aborted' then 'login unfinished'
        when regexp_matches(parts.reason, '^(?:Connection lost to|Temporary|Internal) ')
            then 'server failure'
        when starts_with(parts.reason, 'Invalid authentication mechanism')
            then 'mechanism refused'
        else 'authentication failed'
    end as failure,
    case
        when parts.outcome = 'aborted' then 'aborted by the client'
        else nullif(nullif(parts.reason, ''), '(reason unavailable)')
    end as reason,
    case when not may_be_cut then nullif(nullif(parts.username, ''), '(unavailable)') end
        as username
from matched;
