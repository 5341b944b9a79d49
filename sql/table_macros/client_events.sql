-- What clients did, a row for each connection, message and refusal: what it counts for
create or replace macro client_events() as table
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
    from arrivals()
    where client_ip is not null
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

select * from told;
