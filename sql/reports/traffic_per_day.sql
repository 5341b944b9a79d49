-- One row per day: messages, bytes, deliveries by outcome, rejections
create or replace view reports.traffic_per_day as
with days as (
    select
        queued_at::date as day,
        count(*) as message_count,
        sum(size_bytes) as size_bytes
    from messages
    where in_period(queued_at)
    group by all
),

outcomes as (
    select
        logged_at::date as day,
        count(*) filter (where status = 'sent') as sent_count,
        count(*) filter (where status = 'deferred') as deferred_count,
        count(*) filter (where status = 'bounced') as bounced_count
    from deliveries
    where in_period(logged_at)
    group by all
),

refusals as (
    select
        logged_at::date as day,
        count(*) as rejected_count
    from rejections
    where in_period(logged_at) and action in ('reject', 'milter-reject')
    group by all
),

all_days as (
    select day from days
    union
    select day from outcomes
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
    coalesce(refusals.rejected_count, 0) as rejected_count
from all_days
left join days on all_days.day is not distinct from days.day
left join outcomes on all_days.day is not distinct from outcomes.day
left join refusals on all_days.day is not distinct from refusals.day
order by all_days.day;
