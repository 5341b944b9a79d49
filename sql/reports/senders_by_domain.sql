-- One row per domain of senders: messages, recipients, bytes, the most messages first
create or replace view reports.senders_by_domain as
select
    coalesce(domain_of(sender), '<>') as domain,
    count(*) as message_count,
    count(distinct lower(sender)) as sender_count,
    total(recipient_count) as recipient_count,
    total(size_bytes) as size_bytes,
    max(queued_at) as last_at
from main.messages
where
    in_period(queued_at)
    and on_host(host)
    and of_domain(sender)
    and sender is not null
    and is_mail_accepted(origin, state)
group by all
order by message_count desc, domain asc;
