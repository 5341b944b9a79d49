-- One row per direction of mail, by one's own domains (local_domains): in, out, internal, relayed
create or replace view reports.mail_by_direction as
with own as materialized (
    select domain from local_domains()
),

-- Most messages are the first of their family themselves
roots as (
    select
        messages.message_key,
        messages.origin,
        messages.sasl_username
    from main.messages
    where
        messages.message_key in (
            select relatives.root_key from main.messages as relatives
            where relatives.root_key <> relatives.message_key
        )
),

told as materialized (
    select
        attempts.outcome,
        messages.root_key,
        messages.size_bytes,
        lower(attempts.recipient) as recipient,
        coalesce(
            -- A notice is of the family of the mail that it tells of
            messages.origin in ('bounce', 'delay notice', 'success notice', 'postmaster notice')
            or case
                when messages.root_key = messages.message_key
                    then messages.sasl_username is not null or messages.origin = 'pickup'
                else roots.sasl_username is not null or roots.origin in (
                    'pickup', 'bounce', 'delay notice', 'success notice', 'postmaster notice'
                )
            end
            or domain_of(messages.sender) in (select domain from own),
            false
        ) as is_from_here,
        domain_of(attempts.recipient) is null
        or domain_of(attempts.recipient) in (select domain from own) as is_to_here
    from main.delivery_outcomes as attempts
    inner join main.messages on attempts.message_key = messages.message_key
    left join roots on messages.root_key = roots.message_key
    where
        in_period(attempts.logged_at)
        and on_host(attempts.host)
        and (of_domain(attempts.recipient) or of_domain(messages.sender))
        and not is_own_leg(attempts.outcome)
),

families as (
    select
        is_from_here,
        is_to_here,
        count(distinct root_key) as message_count
    from told
    group by all
),

by_recipient as (
    select
        is_from_here,
        is_to_here,
        recipient,
        outcome,
        count(*) as attempt_count,
        sum(size_bytes) as size_bytes
    from told
    group by all
),

attempted as (
    select
        is_from_here,
        is_to_here,
        count(distinct recipient) as recipient_count,
        coalesce(total(case when is_handed_over(outcome) then attempt_count end), 0) as sent_count,
        coalesce(total(case when is_handed_over(outcome) then size_bytes end), 0) as size_bytes,
        coalesce(total(case when outcome = 'deferred' then attempt_count end), 0)
            as deferred_count,
        coalesce(total(case when outcome = 'bounced' then attempt_count end), 0) as bounced_count
    from by_recipient
    group by all
)

select
    case
        when families.is_from_here and families.is_to_here then 'internal'
        when families.is_from_here then 'out'
        when families.is_to_here then 'in'
        else 'relayed'
    end as direction,
    families.message_count,
    attempted.recipient_count,
    attempted.sent_count,
    attempted.size_bytes,
    attempted.deferred_count,
    attempted.bounced_count
from families
inner join attempted
    on
        families.is_from_here = attempted.is_from_here
        and families.is_to_here = attempted.is_to_here
order by attempted.sent_count desc, direction asc;
