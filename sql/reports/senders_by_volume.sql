-- One row per login name or sender: messages, recipients, bytes; who suddenly sends a lot
create or replace view reports.senders_by_volume as
-- Clients are counted as rows, which is quicker than to tell them apart in a second way
with by_client as (
    select
        coalesce(lower(sasl_username), lower(nullif(sender, '')), '<>') as sender,
        sasl_username is not null as is_login,
        client_ip,
        count(*) as message_count,
        sum(recipient_count) as recipient_count,
        sum(size_bytes) as size_bytes,
        max(queued_at) as last_at
    from main.messages
    where
        in_period(queued_at)
        and on_host(host)
        and of_domain(sender)
        and coalesce(sasl_username, sender) is not null
        and is_mail_accepted(origin, state)
    group by all
)

select
    sender,
    is_login,
    total(message_count) as message_count,
    total(recipient_count) as recipient_count,
    total(size_bytes) as size_bytes,
    count(client_ip) as address_count,
    max(last_at) as last_at
from by_client
group by all
order by message_count desc, sender asc, is_login asc;
