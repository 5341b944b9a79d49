-- One row per delivery agent, service, status and outcome: attempts, recipients, bytes, delays, the most attempts first
create or replace view reports.deliveries_by_agent as
select
    sent.agent,
    deliveries.service,
    deliveries.status,
    sent.outcome,
    count(*) as attempt_count,
    count(distinct lower(sent.recipient)) as recipient_count,
    total(messages.size_bytes) as size_bytes,
    rounded(avg(sent.delay_seconds)) as mean_delay_seconds,
    rounded(max(sent.delay_seconds)) as longest_delay_seconds
from main.delivery_outcomes as sent
inner join main.deliveries on sent.delivery_key = deliveries.delivery_key
inner join main.messages on sent.message_key = messages.message_key
where in_period(sent.logged_at) and on_host(sent.host) and of_domain(sent.recipient)
group by all
order by
    attempt_count desc,
    sent.agent asc,
    deliveries.service asc,
    deliveries.status asc,
    sent.outcome asc;
