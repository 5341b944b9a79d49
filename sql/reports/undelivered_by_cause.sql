-- One row per destination and named reason for which mail was deferred, bounced or expired, the commonest first
create or replace view reports.undelivered_by_cause as
with failures as (
    select
        case when is_deferral(status) then 'deferred' else lower(status) end as outcome,
        relay_name,
        recipient,
        dsn,
        reply,
        message_key,
        delivery_key,
        logged_at
    from main.deliveries
    where
        status in ('deferred', 'SOFTBOUNCE', 'bounced', 'expired')
        and in_period(logged_at)
        and on_host(host)
        and of_domain(recipient)
),

given_up as (
    select
        message_key,
        removed_at
    from main.messages
    where end_reason = 'expired' and in_period(removed_at) and on_host(host)
),

last_attempts as (
    select
        given_up.message_key,
        given_up.removed_at,
        max_by(deliveries, (deliveries.logged_at, deliveries.delivery_key)) as last_attempt
    from main.deliveries
    inner join given_up on deliveries.message_key = given_up.message_key
    where of_domain(deliveries.recipient)
    group by given_up.message_key, given_up.removed_at, lower(deliveries.recipient)
),

-- A message that expires has a line of its own; the last attempts say why
expiries as (
    select
        'expired' as outcome,
        last_attempt.relay_name,
        last_attempt.recipient,
        last_attempt.dsn,
        last_attempt.reply,
        message_key,
        last_attempt.delivery_key,
        removed_at as logged_at
    from last_attempts
    where is_deferral(last_attempt.status)
),

told as materialized (
    from failures
    union all
    from expiries
),

texts as (
    select distinct
        dsn,
        reply
    from told
),

general_texts as materialized (
    select
        dsn,
        reply,
        general_reason(reply) as general_text
    from texts
),

-- Which names a text has does not matter to its cause
causes_of_texts as (
    select
        dsn,
        general_text,
        cause_of(dsn, any_value(reply)) as cause
    from general_texts
    group by dsn, general_text
),

named as (
    select
        told.outcome,
        coalesce(lower(nullif(told.relay_name, 'none')), domain_of(told.recipient)) as destination,
        causes_of_texts.cause,
        told.message_key,
        told.delivery_key,
        told.recipient,
        told.reply,
        told.logged_at
    from told
    inner join general_texts
        on
            told.dsn is not distinct from general_texts.dsn
            and told.reply is not distinct from general_texts.reply
    inner join causes_of_texts
        on
            general_texts.dsn is not distinct from causes_of_texts.dsn
            and general_texts.general_text is not distinct from causes_of_texts.general_text
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
from named
group by all
order by attempt_count desc, outcome asc, destination asc, cause asc;
