-- Traffic by part of the day (hour) or of the week (isodow, Monday is 1)
create or replace macro traffic_by(part) as table
with arrivals as (
    select
        date_part(part, queued_at) as part_no,
        count(*) as message_count,
        total(size_bytes) as size_bytes
    from main.messages
    where
        in_period(queued_at)
        and on_host(host)
        and message_of_domain(message_key, sender)
        and is_mail_accepted(origin, state)
    group by all
),

outcomes as (
    select
        date_part(part, logged_at) as part_no,
        count(*) filter (where is_handed_over(outcome)) as sent_count,
        count(*) filter (where outcome = 'deferred') as deferred_count,
        count(*) filter (where outcome = 'bounced') as bounced_count
    from main.delivery_outcomes
    where in_period(logged_at) and on_host(host) and of_domain(recipient)
    group by all
),

refusals as (
    select
        date_part(part, logged_at) as part_no,
        total(occurrences) as rejected_count
    from main.rejections
    where
        in_period(logged_at)
        and on_host(host)
        and (of_domain(recipient) or of_domain(sender))
        and is_refusal(action)
    group by all
),

parts as (
    select part_no from arrivals
    union
    select part_no from outcomes
    union
    select part_no from refusals
)

select
    parts.part_no,
    coalesce(arrivals.message_count, 0) as message_count,
    coalesce(arrivals.size_bytes, 0) as size_bytes,
    coalesce(outcomes.sent_count, 0) as sent_count,
    coalesce(outcomes.deferred_count, 0) as deferred_count,
    coalesce(outcomes.bounced_count, 0) as bounced_count,
    coalesce(refusals.rejected_count, 0) as rejected_count
from parts
left join arrivals on parts.part_no is not distinct from arrivals.part_no
left join outcomes on parts.part_no is not distinct from outcomes.part_no
left join refusals on parts.part_no is not distinct from refusals.part_no;
