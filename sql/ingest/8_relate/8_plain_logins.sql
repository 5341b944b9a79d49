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

-- Where lines were lost, silence tells nothing
insert into served_hours
select distinct
    coalesce(connections.host, '') as host_name,
    connections.instance,
    coalesce(connections.service, '') as service_name,
    tls_hour(connections.connected_at) as hour
from lines
inner join processes on lines.header_id = processes.header_id
inner join connections
    on
        processes.host is not distinct from connections.host
        and connections.connected_at
        between lines.logged_at - 2 * tls_telling() and lines.logged_at + tls_telling()
where lines.kind = 'lines_lost' and connections.daemon = 'smtpd';

-- One row per hour of a service: silence is told again in these hours and in the next, of what was told
-- in the hour before
create or replace temp table telling_hours as
with told_hours as (
    select
        host_name,
        instance,
        service_name,
        unnest([hour - 1, hour, hour + 1]) as hour,
        unnest([false, true, true]) as is_told
    from served_hours
)

select
    host_name,
    instance,
    service_name,
    hour,
    bool_or(is_told) as is_told
from told_hours
group by all;

-- One row per connection in which silence is told again: somebody logged in, and no line tells of TLS
-- at that
create or replace temp table served_connections as
with plain_logins as (
    select connection_key from logins
    where
        connection_key is not null
        and protocol = 'smtp'
        and coalesce(not is_tls, true)
        and logged_at >= (select min(logged_at) from served_lines) - 3 * tls_telling()
),

smtpd_connections as (
    select
        connections.connection_key,
        connections.instance,
        connections.pid,
        connections.connected_at,
        connections.starttls_ok,
        coalesce(connections.tls_protocol, connections.tls_trust, connections.tls_cipher)
        is not null as has_tls,
        coalesce(connections.host, '') as host_name,
        coalesce(connections.service, '') as service_name,
        tls_hour(connections.connected_at) as hour
    from connections
    semi join plain_logins on connections.connection_key = plain_logins.connection_key
    where
        connections.daemon = 'smtpd'
        and connections.connected_at
        between (select min(logged_at) from served_lines) - 2 * tls_telling()
        and (select max(logged_at) from served_lines) + 2 * tls_telling()
)

select smtpd_connections.*
from smtpd_connections
inner join telling_hours
    on
        smtpd_connections.host_name = telling_hours.host_name
        and smtpd_connections.instance = telling_hours.instance
        and smtpd_connections.service_name = telling_hours.service_name
        and smtpd_connections.hour = telling_hours.hour
where telling_hours.is_told;

update logins
set is_tls = told.is_tls
from (
    with with_tls as (
        select
            telling_hours.host_name,
            telling_hours.instance,
            telling_hours.service_name,
            connections.connected_at
        from connections
        inner join telling_hours
            on
                coalesce(connections.host, '') = telling_hours.host_name
                and connections.instance = telling_hours.instance
                and coalesce(connections.service, '') = telling_hours.service_name
                and tls_hour(connections.connected_at) = telling_hours.hour
        where
            connections.daemon = 'smtpd'
            and coalesce(connections.tls_protocol, connections.tls_trust, connections.tls_cipher)
            is not null
            and connections.connected_at
            between (select min(connected_at) from served_connections) - tls_telling()
            and (select max(connected_at) from served_connections)
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
) as told
where
    logins.connection_key = told.connection_key
    and logins.protocol = 'smtp'
    and coalesce(not logins.is_tls, true)
    and logins.is_tls is distinct from told.is_tls;

-- One row per notice that lines of a process, or of all, were lost, and when: from the one that says so
-- first to the next, or for an hour
create or replace temp table lost_times as
with told as (
    select
        coalesce(host, '') as host_name,
        logged_at,
        regexp_extract(text, '^[a-z]*') as reader,
        try_cast(regexp_extract(text, '\bpid:? (\d+)', 1) as integer) as pid,
        contains(text, ' to drop messages ') as is_beginning
    from notices
    where
        kind = 'lines_lost'
        and logged_at
        between (select min(logged_at) from served_lines) - 3 * tls_telling()
        and (select max(logged_at) from served_lines) + 3 * tls_telling()
        and not starts_with(text, 'Missed ')
        -- Of another service
        and (not ends_with(text, '.service') or contains(text, 'postfix'))
),

ordered as (
    select
        *,
        case when lag(is_beginning) over same then lag(logged_at) over same end as begun_at,
        lead(logged_at) over same as next_at
    from told
    window same as (
        partition by host_name, reader, pid
        order by logged_at, not is_beginning
    )
)

select
    host_name,
    pid,
    case
        when is_beginning then logged_at
        else greatest(logged_at - tls_telling(), begun_at)
    end as lost_from,
    case
        when is_beginning then least(logged_at + tls_telling(), next_at)
        else logged_at
    end as lost_until
from ordered;

update logins
set is_tls = null
from (
    select
        served_connections.connection_key,
        served_connections.connected_at,
        lost_times.lost_from,
        lost_times.lost_until
    from served_connections
    inner join lost_times
        on
            served_connections.host_name = lost_times.host_name
            and served_connections.pid = coalesce(lost_times.pid, served_connections.pid)
            and served_connections.connected_at <= lost_times.lost_until
) as doubted
where
    logins.connection_key = doubted.connection_key
    and logins.protocol = 'smtp'
    and not logins.is_tls
    and logins.logged_at >= doubted.lost_from;
