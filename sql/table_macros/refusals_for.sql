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
        reason,
        general_reason(reason) as text
    from main.rejections
    where
        is_refusal(action)
        and client_ip is not null
        and in_period(logged_at)
        and on_host(host)
        and (of_domain(recipient) or of_domain(sender))
),

texts as (
    select distinct
        dsn,
        text
    from refusals
),

judged as materialized (
    select
        dsn,
        text,
        cause_of(dsn, text) as cause
    from texts
)

select
    refusals.* exclude (text),
    judged.cause
from refusals
inner join judged
    on
        refusals.dsn is not distinct from judged.dsn
        and refusals.text is not distinct from judged.text
where list_contains(causes, judged.cause);
