-- One row per named reason for which mail was refused, for now or for good, the commonest first
create or replace view reports.rejections_by_cause as
with refusals as materialized (
    select
        rejection_key,
        logged_at,
        client_ip,
        occurrences,
        reason,
        dsn,
        coalesce(reason, action) as said,
        general_reason(said) as general_text,
        decision(action, reply_code, dsn) as decision
    from main.rejections
    where
        is_refusal(action)
        and in_period(logged_at)
        and on_host(host)
        and (of_domain(recipient) or of_domain(sender))
),

-- Which names a text has does not matter to its cause
text_causes as (
    select
        dsn,
        general_text,
        cause_of(dsn, any_value(said)) as cause
    from refusals
    group by dsn, general_text
),

named as (
    select
        refusals.* exclude (dsn, said, general_text),
        text_causes.cause
    from refusals
    inner join text_causes
        on
            refusals.dsn is not distinct from text_causes.dsn
            and refusals.general_text is not distinct from text_causes.general_text
)

select
    cause,
    total(occurrences) as rejection_count,
    coalesce(total(case when decision = 'put off' then occurrences end), 0) as put_off_count,
    count(distinct client_ip) as client_count,
    max_by(reason, (logged_at, rejection_key)) as last_text,
    max(logged_at) as last_at
from named
group by all
order by rejection_count desc, cause asc;
