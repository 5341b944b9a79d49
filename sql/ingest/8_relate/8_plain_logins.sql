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

create or replace temp table services_at_hand as
select
    processes.host,
    processes.instance,
    processes.service,
    min(served_lines.logged_at) as first_at,
    max(served_lines.logged_at) as last_at
from served_lines
inner join processes on served_lines.header_id = processes.header_id
where processes.family = 'postfix' and processes.daemon = 'smtpd'
group by all;

set variable served_since = (select min(first_at) from services_at_hand);

set variable served_until = (select max(last_at) from services_at_hand);

update logins
set is_tls = told.is_tls
from (
    with served as (
        select
            connections.*,
            coalesce(connections.host, '') as host_name,
            coalesce(connections.service, '') as service_name
        from connections
        semi join services_at_hand
            on
                connections.host is not distinct from services_at_hand.host
                and connections.instance = services_at_hand.instance
                and connections.service is not distinct from services_at_hand.service
        where
            connections.daemon = 'smtpd'
            and connections.connected_at
            between getvariable('served_since') - tls_telling()
            and getvariable('served_until') + tls_telling()
    ),

    with_tls as (
        select
            host_name,
            instance,
            service_name,
            connected_at
        from served
        where coalesce(tls_protocol, tls_trust, tls_cipher) is not null
    )

    select
        served.connection_key,
        case
            when
                coalesce(served.tls_protocol, served.tls_trust, served.tls_cipher) is null
                and coalesce(served.starttls_ok, 0) = 0
                and served.connected_at <= with_tls.connected_at + tls_telling()
                then false
        end as is_tls
    from served
    asof left join with_tls
        on
            served.host_name = with_tls.host_name
            and served.instance = with_tls.instance
            and served.service_name = with_tls.service_name
            and served.connected_at >= with_tls.connected_at
    where served.connected_at >= getvariable('served_since')
) as told
where
    logins.connection_key = told.connection_key
    and logins.protocol = 'smtp'
    and coalesce(not logins.is_tls, true)
    and logins.is_tls is distinct from told.is_tls;
