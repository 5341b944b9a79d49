-- One row per decision about mail, the stage at which it was made, and its reason: refused, put off, held, discarded, marked
create or replace view reports.rejections_by_stage as
-- Materialized, or the distinct count would ask for the cause again
with decisions as materialized (
    select
        daemon,
        stage,
        decision(action, reply_code, dsn) as decision,
        action,
        cause_of(dsn, coalesce(reason, action)) as cause,
        rejection_key,
        client_ip,
        reason,
        logged_at,
        occurrences
    from main.rejections
    where
        in_period(logged_at) and on_host(host) and (of_domain(recipient) or of_domain(sender))
)

select
    daemon,
    stage,
    decision,
    action,
    cause,
    total(occurrences) as rejection_count,
    count(distinct client_ip) as client_count,
    max_by(reason, (logged_at, rejection_key)) as last_text,
    max(logged_at) as last_at
from decisions
group by all
order by rejection_count desc, daemon asc, stage asc, decision asc, action asc, cause asc;
