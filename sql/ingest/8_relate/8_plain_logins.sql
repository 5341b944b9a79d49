-- SMTP logins in connections without TLS, told by the silence of an smtpd that tells of TLS: another
-- connection to the same service had some, and not more than an hour before. Where the end counts a
-- STARTTLS command, silence says nothing. Told again for the hour behind the lines at hand
create or replace temp table served_lines as
select
    header_id,
    logged_at
from lines
where logged_at is not null
union all
select
    header_id,
    logged_at
from earlier_lines
where part = 'connection' and logged_at is not null;

-- A connection that is open for long has two hours here, and not those between them
create or replace temp table served_hours as
select distinct
    coalesce(processes.host, '') as host_name,
    processes.instance,
    coalesce(processes.service, '') as service_name,
    tls_hour(served_lines.logged_at) as hour
from served_lines
inner join processes on served_lines.header_id = processes.header_id
where processes.family = 'postfix' and processes.daemon = 'smtpd';

-- Silence is told again in these hours and in the next, of what was told in the hour before
create or replace temp table served_connections as
with told_hours as (
    select
        host_name,
        instance,
        service_name,
        unnest([hour - 1, hour, hour + 1]) as hour,
        unnest([false, true, true]) as is_told
    from served_hours
),

hours as (
    select
        host_name,
        instance,
        service_name,
        hour,
        bool_or(is_told) as is_told
    from told_hours
    group by all
),

smtpd_connections as (
    select
        connection_key,
        instance,
        connected_at,
        starttls_ok,
        coalesce(tls_protocol, tls_trust, tls_cipher) is not null as has_tls,
        coalesce(host, '') as host_name,
        coalesce(service, '') as service_name,
        tls_hour(connected_at) as hour
    from connections
    where
        daemon = 'smtpd'
        and connected_at
        between (select min(logged_at) from served_lines) - 2 * tls_telling()
        and (select max(logged_at) from served_lines) + 2 * tls_telling()
)

select
    smtpd_connections.*,
    hours.is_told
from smtpd_connections
inner join hours
    on
        smtpd_connections.host_name = hours.host_name
        and smtpd_connections.instance = hours.instance
        and smtpd_connections.service_name = hours.service_name
        and smtpd_connections.hour = hours.hour;

update logins
set is_tls = told.is_tls
from (
    with with_tls as (
        select
            host_name,
            instance,
            service_name,
            connected_at
        from served_connections
        where has_tls
    )

    select
        served_connections.connection_key,
        case
            when
                not served_connections.has_tls
                and coalesce(served_connections.starttls_ok, 0) = 0
                and served_connections.connected_at <= with_tls.connected_at + tls_telling()
                then false
        end as is_tls
    from served_connections
    asof left join with_tls
        on
            served_connections.host_name = with_tls.host_name
            and served_connections.instance = with_tls.instance
            and served_connections.service_name = with_tls.service_name
            and served_connections.connected_at >= with_tls.connected_at
    where served_connections.is_told
) as told
where
    logins.connection_key = told.connection_key
    and logins.protocol = 'smtp'
    and coalesce(not logins.is_tls, true)
    and logins.is_tls is distinct from told.is_tls;
