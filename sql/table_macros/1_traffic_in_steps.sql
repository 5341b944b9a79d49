-- Traffic in steps of a length (an interval): messages, bytes, recipients by outcome, rejections.
-- Counted by second first: time zones and outcomes are asked once for each, and not for each row
create or replace macro traffic_in_steps(step) as table
with arrivals_by_second as (
    select
        second_of(queued_at) as second_no,
        count(*) as message_count,
        sum(size_bytes) as size_bytes
    from arrivals()
    group by all
),

arrivals_by_step as (
    select
        begin_of_step(step, to_timestamp(second_no)) as begins_at,
        total(message_count) as message_count,
        total(size_bytes) as size_bytes
    from arrivals_by_second
    group by all
),

outcomes_by_second as (
    select
        second_of(logged_at) as second_no,
        outcome,
        count(*) as recipient_count
    from main.delivery_outcomes
    where in_period(logged_at) and on_host(host) and of_domain(recipient)
    group by all
),

outcomes_by_step as (
    select
        begin_of_step(step, to_timestamp(second_no)) as begins_at,
        total(case when is_handed_over(outcome) then recipient_count end) as sent_count,
        total(case when outcome = 'deferred' then recipient_count end) as deferred_count,
        total(case when outcome = 'bounced' then recipient_count end) as bounced_count
    from outcomes_by_second
    group by all
),

refusals_by_second as (
    select
        second_of(logged_at) as second_no,
        sum(occurrences) as rejected_count
    from main.rejections
    where
        in_period(logged_at)
        and on_host(host)
        and (of_domain(recipient) or of_domain(sender))
        and is_refusal(action)
    group by all
),

refusals_by_step as (
    select
        begin_of_step(step, to_timestamp(second_no)) as begins_at,
        total(rejected_count) as rejected_count
    from refusals_by_second
    group by all
),

steps as (
    select begins_at from arrivals_by_step
    union
    select begins_at from outcomes_by_step
    union
    select begins_at from refusals_by_step
)

select
    steps.begins_at,
    coalesce(arrivals_by_step.message_count, 0) as message_count,
    coalesce(arrivals_by_step.size_bytes, 0) as size_bytes,
    coalesce(outcomes_by_step.sent_count, 0) as sent_count,
    coalesce(outcomes_by_step.deferred_count, 0) as deferred_count,
    coalesce(outcomes_by_step.bounced_count, 0) as bounced_count,
    coalesce(refusals_by_step.rejected_count, 0) as rejected_count
from steps
left join arrivals_by_step on steps.begins_at is not distinct from arrivals_by_step.begins_at
left join outcomes_by_step on steps.begins_at is not distinct from outcomes_by_step.begins_at
left join refusals_by_step on steps.begins_at is not distinct from refusals_by_step.begins_at;
