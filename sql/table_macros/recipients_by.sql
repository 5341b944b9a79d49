-- Deliveries, bytes, deferrals, bounces and delays by recipient, or by domain
create or replace macro recipients_by(part) as table
-- Materialized, or each count would ask for the outcome again
with sent as materialized (
    select
        case part when 'domain' then domain_of(sent.recipient) else lower(sent.recipient) end
            as part_name,
        sent.recipient,
        sent.outcome,
        sent.delay_seconds,
        is_handed_over(sent.outcome) as is_sent,
        messages.size_bytes
    from main.delivery_outcomes as sent
    inner join main.messages on sent.message_key = messages.message_key
    where
        in_period(sent.logged_at)
        and on_host(sent.host)
        and of_domain(sent.recipient)
)

select
    part_name,
    count(distinct lower(recipient)) as recipient_count,
    count(*) filter (where is_sent) as sent_count,
    coalesce(total(case when is_sent then size_bytes end), 0) as size_bytes,
    count(*) filter (where outcome = 'deferred') as deferred_count,
    count(*) filter (where outcome = 'bounced') as bounced_count,
    rounded(avg(delay_seconds) filter (where is_sent)) as mean_delay_seconds,
    rounded(max(delay_seconds) filter (where is_sent)) as longest_delay_seconds
from sent
where not is_own_leg(outcome)
group by all;
