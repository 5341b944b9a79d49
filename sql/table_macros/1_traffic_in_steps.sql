-- Traffic in steps of a length (an interval): messages, bytes, recipients by outcome, rejections
create or replace macro traffic_in_steps(step) as table
with arrivals as (
    select
        begin_of_step(step, queued_at) as begins_at,
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
        begin_of_step(step, logged_at) as begins_at,
        count(*) filter (where is_handed_over(outcome)) as sent_count,
        count(*) filter (where outcome = 'deferred') as deferred_count,
        count(*) filter (where outcome = 'bounced') as bounced_count
    from main.delivery_outcomes
    where in_period(logged_at) and on_host(host) and of_domain(recipient)
    group by all
),

refusals as (
    select
        begin_of_step(step, logged_at) as begins_at,
        total(occurrences) as rejected_count
    from main.rejections
    where
        in_period(logged_at)
        and on_host(host)
        and (of_domain(recipient) or of_domain(sender))
        and is_refusal(action)
    group by all
),

steps as (
    select begins_at from arrivals
    union
    select begins_at from outcomes
    union
    select begins_at from refusals
)

select
    steps.begins_at,
    coalesce(arrivals.message_count, 0) as message_count,
    coalesce(arrivals.size_bytes, 0) as size_bytes,
    coalesce(outcomes.sent_count, 0) as sent_count,
    coalesce(outcomes.deferred_count, 0) as deferred_count,
    coalesce(outcomes.bounced_count, 0) as bounced_count,
    coalesce(refusals.rejected_count, 0) as rejected_count
from steps
left join arrivals on steps.begins_at is not distinct from arrivals.begins_at
left join outcomes on steps.begins_at is not distinct from outcomes.begins_at
left join refusals on steps.begins_at is not distinct from refusals.begins_at;
