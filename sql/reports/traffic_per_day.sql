-- One row per day: messages, bytes, recipients by outcome, rejections; without probes, filters and forwards
create or replace view reports.traffic_per_day as
with days as (
    select
        queued_at::date as day,
        count(*) as message_count,
        total(size_bytes) as size_bytes
    from arrivals()
    group by all
),

outcomes as (
    select
        logged_at::date as day,
        count(*) filter (where is_handed_over(outcome)) as sent_count,
        count(*) filter (where outcome = 'deferred') as deferred_count,
        count(*) filter (where outcome = 'bounced') as bounced_count,
        count(*) filter (where outcome = 'discarded') as discarded_count
    from main.delivery_outcomes
    where in_period(logged_at) and on_host(host) and of_domain(recipient)
    group by all
),

expiries as (
    select
        removed_at::date as day,
        count(*) as expired_count
    from main.messages
    where
        in_period(removed_at)
        and on_host(host)
        and message_of_domain(message_key, sender)
        and end_reason = 'expired'
    group by all
),

refusals as (
    select
        logged_at::date as day,
        total(occurrences) as rejected_count
    from main.rejections
    where
        in_period(logged_at)
        and on_host(host)
        and (of_domain(recipient) or of_domain(sender))
        and is_refusal(action)
    group by all
),

all_days as (
    select day from days
    union
    select day from outcomes
    union
    select day from expiries
    union
    select day from refusals
)

select
    all_days.day,
    coalesce(days.message_count, 0) as message_count,
    coalesce(days.size_bytes, 0) as size_bytes,
    coalesce(outcomes.sent_count, 0) as sent_count,
    coalesce(outcomes.deferred_count, 0) as deferred_count,
    coalesce(outcomes.bounced_count, 0) as bounced_count,
    coalesce(expiries.expired_count, 0) as expired_count,
    coalesce(outcomes.discarded_count, 0) as discarded_count,
    coalesce(refusals.rejected_count, 0) as rejected_count
from all_days
left join days on all_days.day is not distinct from days.day
left join outcomes on all_days.day is not distinct from outcomes.day
left join expiries on all_days.day is not distinct from expiries.day
left join refusals on all_days.day is not distinct from refusals.day
order by all_days.day;
