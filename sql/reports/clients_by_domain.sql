-- One row per domain of clients, or network of those without a name: connections and how long, messages, bytes, refusals, the most connections first
create or replace view reports.clients_by_domain as
with told as (
    select
        client_name,
        client_ip,
        1 as connection_count,
        (end_reason <> 'disconnected')::integer as lost_count,
        epoch(disconnected_at - connected_at) as seconds
    from main.connections
    where
        -- A connection is of no domain
        getvariable('domain') is null
        and daemon = 'smtpd'
        and in_period(connected_at)
        and on_host(host)
    union all by name
    select
        client_name,
        client_ip,
        1 as message_count,
        size_bytes
    from main.messages
    where
        client_ip is not null
        and in_period(queued_at)
        and on_host(host)
        and message_of_domain(message_key, sender)
        and is_mail_accepted(origin, state)
    union all by name
    select
        client_name,
        client_ip,
        occurrences as rejection_count
    from main.rejections
    where
        client_ip is not null
        and is_refusal(action)
        and in_period(logged_at)
        and on_host(host)
        and (of_domain(recipient) or of_domain(sender))
)

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
from told
group by client_domain(client_name, client_ip)
order by connection_count desc, message_count desc, rejection_count desc, client_domain asc;
