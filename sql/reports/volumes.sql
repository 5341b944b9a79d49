-- One row per period: bytes in and out, and how many different senders, recipients, domains and clients
create or replace view reports.volumes as
-- By address first: its domain is asked once, and not for each message
with arrivals_by_sender as materialized (
    select
        sender,
        sum(size_bytes) as size_bytes,
        count(*) filter (where size_bytes is null) as unsized_count
    from arrivals()
    group by all
),

senders as (
    select
        sum(size_bytes) as size_bytes,
        coalesce(total(unsized_count), 0) as unsized_count,
        count(distinct lower(nullif(sender, ''))) as sender_count,
        count(distinct domain_of(sender)) as sender_domain_count
    from arrivals_by_sender
),

clients as (
    select count(distinct client_ip) as client_count
    from arrivals()
),

outcomes_by_recipient as (
    select
        sent.recipient,
        sent.outcome,
        sum(messages.size_bytes) as size_bytes
    from main.delivery_outcomes as sent
    inner join main.messages on sent.message_key = messages.message_key
    where in_period(sent.logged_at) and on_host(sent.host) and of_domain(sent.recipient)
    group by all
),

handed_over as materialized (
    select * from outcomes_by_recipient
    where is_handed_over(outcome)
),

recipients as (
    select
        sum(size_bytes) as size_bytes,
        count(distinct lower(recipient)) as recipient_count,
        count(distinct domain_of(recipient)) as recipient_domain_count
    from handed_over
)

select
    coalesce(try_cast(senders.size_bytes as bigint), 0) as in_bytes,
    coalesce(try_cast(recipients.size_bytes as bigint), 0) as out_bytes,
    senders.unsized_count,
    senders.sender_count,
    senders.sender_domain_count,
    clients.client_count,
    recipients.recipient_count,
    recipients.recipient_domain_count
from senders
cross join clients
cross join recipients;
