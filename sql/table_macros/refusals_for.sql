-- Refusals for some named reasons (causes) by client address; the reason of each text is found once
create or replace macro refusals_for(causes) as table
with refusals as materialized (
    select
        rejection_key,
        logged_at,
        client_ip,
        client_name,
        sender,
        recipient,
        occurrences,
        dsn,
        reason
    from main.rejections
    where
        is_refusal(action)
        and client_ip is not null
        and in_period(logged_at)
        and on_host(host)
        and (of_domain(recipient) or of_domain(sender))
),

reasons as (
    select distinct
        dsn,
        reason
    from refusals
),

texts as materialized (
    select
        dsn,
        reason,
        general_reason(reason) as text
    from reasons
),

judged as (
    select
        dsn,
        text,
        -- An aggregate, or the engine asks for the cause before it groups
        cause_of(dsn, any_value(text)) as cause
    from texts
    group by dsn, text
),

-- One at most for each refusal
wanted as (
    select
        texts.dsn,
        texts.reason,
        judged.cause
    from texts
    inner join judged
        on
            texts.dsn is not distinct from judged.dsn
            and texts.text is not distinct from judged.text
    where list_contains(causes, judged.cause)
)

select
    refusals.*,
    wanted.cause
from refusals
inner join wanted
    on
        refusals.dsn is not distinct from wanted.dsn
        and refusals.reason is not distinct from wanted.reason;
