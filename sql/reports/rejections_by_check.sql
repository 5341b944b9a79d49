-- One row per thing that was looked at, blocklist and decision: refusals, and what would have been refused
create or replace view reports.rejections_by_check as
-- Materialized, or each use of what was checked would read the text again
with decisions as materialized (
    select
        daemon,
        checked(action, stage, reason) as checked,
        lower(nullif(rtrim(regexp_extract(reason, ' blocked using ([^;\s]+)', 1), '.,'), ''))
            as blocklist,
        decision(action, reply_code, dsn) as decision,
        client_ip,
        recipient,
        logged_at,
        occurrences
    from main.rejections
    where
        (is_refusal(action) or action = 'reject_warning')
        and in_period(logged_at)
        and on_host(host)
        and (of_domain(recipient) or of_domain(sender))
)

select
    daemon,
    checked,
    case when checked = 'blocklist' then blocklist end as blocklist,
    decision,
    total(occurrences) as rejection_count,
    count(distinct client_ip) as client_count,
    count(distinct lower(recipient)) as recipient_count,
    max(logged_at) as last_at
from decisions
group by all
order by rejection_count desc, daemon asc, checked asc, blocklist asc, decision asc;
