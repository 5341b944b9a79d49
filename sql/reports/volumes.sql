-- One row per period: bytes in and out, and how many different senders, recipients, domains and clients
create or replace view reports.volumes as
with arrivals as (
    select
        sum(size_bytes) as size_bytes,
        count(*) filter (where size_bytes is null) as unsized_count,
        count(distinct lower(nullif(sender, ''))) as sender_count,
        count(distinct domain_of(sender)) as sender_domain_count,
        count(distinct client_ip) as client_count
    from main.messages
    where
        in_period(queued_at)
        and on_host(host)
        and message_of_domain(message_key, sender)
        and is_mail_accepted(origin, state)
),

outcomes as materialized (
    select
        sent.recipient,
        domain_of(sent.recipient) as domain,
        messages.size_bytes,
        is_handed_over(sent.outcome) as is_sent
    from main.delivery_outcomes as sent
    inner join main.messages on sent.message_key = messages.message_key
    where in_period(sent.logged_at) and on_host(sent.host) and of_domain(sent.recipient)
),

handed_over as (
    select
        sum(size_bytes) as size_bytes,
        count(distinct lower(recipient)) as recipient_count,
        count(distinct domain) as recipient_domain_count
    from outcomes
    where is_sent
)

select
    coalesce(try_cast(arrivals.size_bytes as bigint), 0) as in_bytes,
    coalesce(try_cast(handed_over.size_bytes as bigint), 0) as out_bytes,
    arrivals.unsized_count,
    arrivals.sender_count,
    arrivals.sender_domain_count,
    arrivals.client_count,
    handed_over.recipient_count,
    handed_over.recipient_domain_count
from arrivals
cross join handed_over;
