-- What TLS may protect, by direction: connections in, deliveries out, logins; and whether it did
create or replace macro tls_uses() as table
with connected as (
    select
        'in' as direction,
        host,
        service,
        tls_protocol is not null or coalesce(starttls_ok > 0, false) as is_tls,
        tls_protocol as protocol,
        tls_cipher as cipher,
        tls_trust as trust
    from main.connections
    where
        -- A connection is of no domain
        getvariable('domain') is null
        and daemon = 'smtpd'
        and in_period(connected_at)
        and on_host(host)
),

delivered as (
    select
        'out' as direction,
        host,
        service,
        tls_protocol is not null or tls_trust is not null as is_tls,
        tls_protocol as protocol,
        tls_cipher as cipher,
        tls_trust as trust
    from main.deliveries
    where
        agent = 'smtp'
        and status = 'sent'
        and relay_ip is not null
        and not is_near(relay_ip)
        and in_period(logged_at)
        and on_host(host)
        and of_domain(recipient)
),

told as (
    select
        *,
        count(*) as occurrences
    from (
        from connected
        union all
        from delivered
    ) as connected_and_delivered
    group by all
)

select
    direction,
    -- A service that never tells of TLS may not log it
    case when bool_or(is_tls) over (partition by direction, host, service) then is_tls end
        as is_tls,
    protocol,
    cipher,
    trust,
    occurrences
from told
union all
select
    'logins' as direction,
    is_tls,
    tls_protocol as protocol,
    tls_cipher as cipher,
    null as trust,
    occurrences
from main.logins
where is_success and in_period(logged_at) and on_host(host) and of_domain(username);
