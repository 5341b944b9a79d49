-- One row per destination and named reason for which mail was deferred or bounced, the commonest first
create or replace view reports.undelivered_by_cause as
-- Materialized, or each distinct count would ask for the cause again
with failures as materialized (
    select
        case when is_deferral(status) then 'deferred' else lower(status) end as outcome,
        coalesce(lower(nullif(relay_name, 'none')), domain_of(recipient)) as destination,
        cause_of(dsn, reply) as cause,
        message_key,
        delivery_key,
        recipient,
        reply,
        logged_at
    from main.deliveries
    where
        status in ('deferred', 'SOFTBOUNCE', 'bounced', 'expired')
        and in_period(logged_at)
        and on_host(host)
        and of_domain(recipient)
)

select
    outcome,
    destination,
    cause,
    count(*) as attempt_count,
    count(distinct message_key) as message_count,
    count(distinct lower(recipient)) as recipient_count,
    max_by(reply, (logged_at, delivery_key)) as last_text,
    max(logged_at) as last_at
from failures
group by all
order by attempt_count desc, outcome asc, destination asc, cause asc;
