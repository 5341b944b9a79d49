-- One row per named reason for which mail was refused, for now or for good, the commonest first
create or replace view reports.rejections_by_cause as
-- Materialized, or the distinct count would ask for the cause again
with refusals as materialized (
    select
        rejection_key,
        logged_at,
        client_ip,
        occurrences,
        reason,
        cause_of(dsn, coalesce(reason, action)) as cause,
        decision(action, reply_code, dsn) as decision
    from main.rejections
    where
        is_refusal(action)
        and in_period(logged_at)
        and on_host(host)
        and (of_domain(recipient) or of_domain(sender))
)

select
    cause,
    total(occurrences) as rejection_count,
    coalesce(total(case when decision = 'put off' then occurrences end), 0) as put_off_count,
    count(distinct client_ip) as client_count,
    max_by(reason, (logged_at, rejection_key)) as last_text,
    max(logged_at) as last_at
from refusals
group by all
order by rejection_count desc, cause asc;
