-- One row per domain of senders: messages, recipients, bytes, the most messages first
create or replace view reports.senders_by_domain as
-- By address first: its domain is asked once, and not for each message
with by_sender as (
    select
        lower(sender) as sender,
        count(*) as message_count,
        sum(recipient_count) as recipient_count,
        sum(size_bytes) as size_bytes,
        max(queued_at) as last_at
    from main.messages
    where
        in_period(queued_at)
        and on_host(host)
        and of_domain(sender)
        and sender is not null
        and is_mail_accepted(origin, state)
    group by all
)

select
    coalesce(domain_of(sender), '<>') as domain,
    total(message_count) as message_count,
    count(*) as sender_count,
    total(recipient_count) as recipient_count,
    total(size_bytes) as size_bytes,
    max(last_at) as last_at
from by_sender
group by all
order by message_count desc, domain asc;
