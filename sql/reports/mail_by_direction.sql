-- One row per direction of mail, by one's own domains (local_domains): in, out, internal, relayed
create or replace view reports.mail_by_direction as
with own as materialized (
    select domain from local_domains()
),

told as materialized (
    select
        attempts.outcome,
        is_handed_over(attempts.outcome) as is_sent,
        messages.root_key,
        messages.size_bytes,
        attempts.recipient,
        coalesce(
            -- A notice is of the family of the mail that it tells of
            messages.origin in ('bounce', 'delay notice', 'success notice', 'postmaster notice')
            or roots.sasl_username is not null
            or roots.origin in (
                'pickup', 'bounce', 'delay notice', 'success notice', 'postmaster notice'
            )
            or domain_of(messages.sender) in (select domain from own),
            false
        ) as is_from_here,
        domain_of(attempts.recipient) is null
        or domain_of(attempts.recipient) in (select domain from own) as is_to_here
    from main.delivery_outcomes as attempts
    inner join main.messages on attempts.message_key = messages.message_key
    left join main.messages as roots on messages.root_key = roots.message_key
    where
        in_period(attempts.logged_at)
        and on_host(attempts.host)
        and (of_domain(attempts.recipient) or of_domain(messages.sender))
)

select
    case
        when is_from_here and is_to_here then 'internal'
        when is_from_here then 'out'
        when is_to_here then 'in'
        else 'relayed'
    end as direction,
    count(distinct root_key) as message_count,
    count(distinct lower(recipient)) as recipient_count,
    count(*) filter (where is_sent) as sent_count,
    coalesce(total(case when is_sent then size_bytes end), 0) as size_bytes,
    count(*) filter (where outcome = 'deferred') as deferred_count,
    count(*) filter (where outcome = 'bounced') as bounced_count
from told
where not is_own_leg(outcome)
group by all
order by sent_count desc, direction asc;
