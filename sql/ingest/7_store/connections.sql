-- Connections of the lines at hand, derived again as a whole
delete from connections
where connection_key in (select line_key from connection_lines where is_stored);

insert into connections
with first_clients as (
    select
        connection_lines.connection_key,
        min_by(smtpd_clients, connection_lines.position) as client,
        min_by(smtpd_clients, connection_lines.position) filter (
            where smtpd_clients.sasl_username is not null
        ) as login
    from connection_lines
    inner join smtpd_clients on connection_lines.line_key = smtpd_clients.line_key
    group by all
),

first_verdicts as (
    select
        connection_lines.connection_key,
        min_by(smtpd_verdicts.helo_name, connection_lines.position) as helo_name
    from connection_lines
    inner join smtpd_verdicts on connection_lines.line_key = smtpd_verdicts.line_key
    group by all
),

first_tls as (
    select
        connection_lines.connection_key,
        min_by(smtpd_tls, connection_lines.position) as tls
    from connection_lines
    inner join smtpd_tls on connection_lines.line_key = smtpd_tls.line_key
    group by all
),

losses as (
    select
        connection_lines.connection_key,
        max_by(smtpd_losses, connection_lines.position) as loss
    from connection_lines
    inner join smtpd_losses on connection_lines.line_key = smtpd_losses.line_key
    group by all
),

ends as (
    select
        connection_lines.connection_key,
        smtpd_disconnects.*
    from connection_lines
    inner join smtpd_disconnects on connection_lines.line_key = smtpd_disconnects.line_key
)

select
    connection_spans.connection_key,
    peers.host,
    program_instance(peers.program),
    program_service(peers.program),
    peers.pid,
    peers.client_name,
    peers.client_ip,
    peers.client_port,
    peers.connected_at,
    ends.logged_at,
    coalesce(losses.loss.end_reason, case when ends.line_key is not null then 'disconnected' end),
    losses.loss.end_stage,
    first_verdicts.helo_name,
    first_tls.tls.tls_trust,
    first_tls.tls.tls_protocol,
    first_tls.tls.tls_cipher,
    first_clients.login.sasl_method,
    first_clients.login.sasl_username,
    connection_spans.message_count,
    connection_spans.rejection_count,
    ends.* exclude (connection_key, line_key, logged_at),
    connection_spans.last_line_key
from connection_spans
inner join connection_peers as peers on connection_spans.connection_key = peers.connection_key
left join first_clients on connection_spans.connection_key = first_clients.connection_key
left join first_verdicts on connection_spans.connection_key = first_verdicts.connection_key
left join first_tls on connection_spans.connection_key = first_tls.connection_key
left join losses on connection_spans.connection_key = losses.connection_key
left join ends on connection_spans.connection_key = ends.connection_key;
