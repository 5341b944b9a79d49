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
        decision(action, reply_code, dsn) as decision
    from main.rejections
    where
        is_refusal(action)
        and in_period(logged_at)
        and on_host(host)
        and (of_domain(recipient) or of_domain(sender))
),

texts as (
    select distinct
        dsn,
        said
    from refusals
),

general_texts as materialized (
    select
        dsn,
        said,
        general_reason(said) as general_text
    from texts
),

-- Which names a text has does not matter to its cause
causes_of_texts as (
    select
        dsn,
        general_text,
        cause_of(dsn, any_value(said)) as cause
    from general_texts
    group by dsn, general_text
),

named as (
    select
        refusals.* exclude (dsn, said),
        causes_of_texts.cause
    from refusals
    inner join general_texts
        on
            refusals.dsn is not distinct from general_texts.dsn
            and refusals.said is not distinct from general_texts.said
    inner join causes_of_texts
        on
            general_texts.dsn is not distinct from causes_of_texts.dsn
            and general_texts.general_text is not distinct from causes_of_texts.general_text
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
