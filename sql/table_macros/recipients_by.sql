-- Deliveries, bytes, deferrals, bounces and delays by recipient, or by domain
create or replace macro recipients_by(part) as table
-- By address first: domains and outcomes are asked once for each, and not for each delivery
with by_address as (
    select
        lower(sent.recipient) as recipient,
        sent.outcome,
        count(*) as attempt_count,
        sum(messages.size_bytes) as size_bytes,
        sum(sent.delay_seconds) as total_delay_seconds,
        count(sent.delay_seconds) as delay_count,
        max(sent.delay_seconds) as longest_delay_seconds
    from main.delivery_outcomes as sent
    inner join main.messages on sent.message_key = messages.message_key
    where
        in_period(sent.logged_at)
        and on_host(sent.host)
        and of_domain(sent.recipient)
    group by all
),

told as (
    select
        *,
        case part when 'domain' then domain_of(recipient) else recipient end as part_name,
        is_handed_over(outcome) as is_sent
    from by_address
    where not is_own_leg(outcome)
)

select
    part_name,
    count(distinct recipient) as recipient_count,
    coalesce(total(case when is_sent then attempt_count end), 0) as sent_count,
    coalesce(total(case when is_sent then size_bytes end), 0) as size_bytes,
    coalesce(total(case when outcome = 'deferred' then attempt_count end), 0) as deferred_count,
    coalesce(total(case when outcome = 'bounced' then attempt_count end), 0) as bounced_count,
    rounded(
        sum(total_delay_seconds) filter (where is_sent)
        / nullif(sum(delay_count) filter (where is_sent), 0)
    ) as mean_delay_seconds,
    rounded(max(longest_delay_seconds) filter (where is_sent)) as longest_delay_seconds
from told
group by all;
