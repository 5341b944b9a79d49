-- Connections of the lines at hand, derived again as a whole
delete from connections
where connection_key in (select line_key from connection_lines where is_stored);

insert into connections by name
with first_logins as (
    select
        connection_lines.connection_key,
        min_by(smtpd_clients.sasl_method, connection_lines.position) as sasl_method,
        min_by(smtpd_clients.sasl_username, connection_lines.position) as sasl_username
    from smtpd_clients
    inner join connection_lines on smtpd_clients.line_key = connection_lines.line_key
    where smtpd_clients.sasl_username is not null
    group by all
),

first_names as (
    select
        connection_lines.connection_key,
        min_by(decisions.helo_name, connection_lines.position) as helo_name
    from decisions
    inner join connection_lines on decisions.line_key = connection_lines.line_key
    where decisions.helo_name is not null
    group by all
),

first_tls as (
    select
        connection_lines.connection_key,
        min_by(smtpd_tls, connection_lines.position) as tls
    from smtpd_tls
    inner join connection_lines on smtpd_tls.line_key = connection_lines.line_key
    group by all
),

last_losses as (
    select
        connection_lines.connection_key,
        max_by(smtpd_losses, connection_lines.position) as loss
    from smtpd_losses
    inner join connection_lines on smtpd_losses.line_key = connection_lines.line_key
    group by all
),

ends as (
    select
        connection_lines.connection_key,
        smtpd_disconnects.logged_at,
        smtpd_disconnects.counters
    from smtpd_disconnects
    inner join connection_lines on smtpd_disconnects.line_key = connection_lines.line_key
)

select
    connection_peers.*,
    ends.logged_at as disconnected_at,
    coalesce(
        last_losses.loss.end_reason,
        case when ends.connection_key is not null then 'disconnected' end
    ) as end_reason,
    last_losses.loss.end_stage,
    last_losses.loss.end_content_bytes,
    first_names.helo_name,
    first_tls.tls.tls_trust,
    first_tls.tls.tls_protocol,
    first_tls.tls.tls_cipher,
    first_logins.sasl_method,
    first_logins.sasl_username,
    connection_spans.message_count,
    connection_spans.rejection_count,
    command_counters.* exclude (counters)
from connection_peers
inner join connection_spans on connection_peers.connection_key = connection_spans.connection_key
left join first_logins on connection_peers.connection_key = first_logins.connection_key
left join first_names on connection_peers.connection_key = first_names.connection_key
left join first_tls on connection_peers.connection_key = first_tls.connection_key
left join last_losses on connection_peers.connection_key = last_losses.connection_key
left join ends on connection_peers.connection_key = ends.connection_key
left join command_counters on ends.counters = command_counters.counters;

-- Those that postscreen ended; the others go on as connections of smtpd
delete from connections
where connection_key in (select line_key from screening_lines);

insert into connections by name
select
    screening_spans.connection_key,
    processes.host,
    processes.instance,
    processes.daemon,
    processes.pid,
    postscreen_lines.client_ip,
    postscreen_lines.client_port,
    screening_spans.connected_at,
    screening_spans.disconnected_at,
    case
        when screening_spans.is_hangup then 'hangup'
        when screening_spans.is_busy then 'busy'
        when screening_spans.is_ended then 'disconnected'
    end as end_reason,
    first_names.helo_name,
    0 as message_count,
    screening_spans.rejection_count
from screening_spans
inner join postscreen_lines on screening_spans.connection_key = postscreen_lines.line_key
inner join processes on postscreen_lines.header_id = processes.header_id
left join (
    select
        screening_lines.connection_key,
        min_by(postscreen_lines.helo_name, screening_lines.position) as helo_name
    from postscreen_lines
    inner join screening_lines on postscreen_lines.line_key = screening_lines.line_key
    group by all
) as first_names on screening_spans.connection_key = first_names.connection_key
where not screening_spans.is_passed;
