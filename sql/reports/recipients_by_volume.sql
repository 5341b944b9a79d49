-- One row per recipient: deliveries, bytes, deferrals, bounces, delays, the most deliveries first
create or replace view reports.recipients_by_volume as
with sent as materialized (
    select
        lower(sent.recipient) as recipient,
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
    recipient,
    count(*) filter (where is_sent) as sent_count,
    coalesce(total(case when is_sent then size_bytes end), 0) as size_bytes,
    count(*) filter (where outcome = 'deferred') as deferred_count,
    count(*) filter (where outcome = 'bounced') as bounced_count,
    rounded(avg(delay_seconds) filter (where is_sent)) as mean_delay_seconds,
    rounded(max(delay_seconds) filter (where is_sent)) as longest_delay_seconds
from sent
where not is_own_leg(outcome)
group by all
order by sent_count desc, size_bytes desc, recipient asc;
