-- One row per domain of clients, or network of those without a name: connections and how long, messages, bytes, refusals, the most connections first
create or replace view reports.clients_by_domain as
select
    client_domain(client_name, client_ip) as client_domain,
    count(distinct client_ip) as address_count,
    coalesce(total(connection_count), 0) as connection_count,
    coalesce(total(message_count), 0) as message_count,
    coalesce(total(size_bytes), 0) as size_bytes,
    coalesce(total(rejection_count), 0) as rejection_count,
    coalesce(total(lost_count), 0) as lost_count,
    rounded(max(seconds)) as longest_seconds,
    rounded(sum(seconds)) as total_seconds
from client_events()
group by client_domain(client_name, client_ip)
order by connection_count desc, message_count desc, rejection_count desc, client_domain asc;
