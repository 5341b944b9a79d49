-- One row per direction and version of TLS: how many connections in, deliveries out and logins it protected
create or replace view reports.tls_by_protocol as
with told as (
    select
        'in' as direction,
        tls_protocol is not null as is_tls,
        tls_protocol as protocol,
        1 as occurrences
    from main.connections
    where
        -- A connection is of no domain
        getvariable('domain') is null
        and daemon = 'smtpd'
        and in_period(connected_at)
        and on_host(host)
    union all
    select
        'out' as direction,
        tls_protocol is not null or tls_trust is not null as is_tls,
        tls_protocol as protocol,
        1 as occurrences
    from main.deliveries
    where
        agent = 'smtp'
        and status = 'sent'
        and relay_ip is not null
        and not is_near(relay_ip)
        and in_period(logged_at)
        and on_host(host)
        and of_domain(recipient)
    union all
    select
        'logins' as direction,
        is_tls,
        tls_protocol as protocol,
        occurrences
    from main.logins
    where is_success and in_period(logged_at) and on_host(host) and of_domain(username)
),

counted as (
    select
        direction,
        is_tls,
        protocol,
        total(occurrences) as event_count
    from told
    group by all
)

select
    *,
    rounded(100.0 * event_count / sum(event_count) over (partition by direction)) as share_percent
from counted
order by direction asc, event_count desc, is_tls asc, protocol asc;
