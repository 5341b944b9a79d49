-- Messages of the lines at hand, derived again as a whole
delete from messages
where message_key in (select line_key from message_lines where is_stored);

insert into messages by name
select
    message_spans.message_key,
    processes.host,
    processes.instance,
    message_spans.queue_id,
    coalesce(connection_lines.connection_key, earlier_lines.connection_key) as connection_key,
    case when is_birth(message_spans.first_kind) then message_spans.first_kind end as birth_kind,
    own_origin(message_spans.first_kind) as origin,
    births.service,
    smtpd_clients.client_name,
    smtpd_clients.client_ip,
    smtpd_clients.client_port,
    smtpd_clients.sasl_method,
    smtpd_clients.sasl_username,
    smtpd_clients.sasl_sender,
    smtpd_clients.orig_client_name,
    smtpd_clients.orig_client_ip,
    coalesce(smtpd_clients.orig_queue_id, pickups.orig_queue_id) as orig_queue_id,
    pickups.uid,
    message_ids.message_id,
    activations.sender,
    activations.size_bytes,
    activations.recipient_count,
    coalesce(last_activations.recipient_count, activations.recipient_count)
        as last_recipient_count,
    message_spans.activation_count,
    message_spans.queued_at,
    message_spans.removed_at,
    case
        when message_spans.is_expired then 'expired'
        else substr(message_spans.removal_kind, 7)
    end as end_reason
from message_spans
inner join processes on message_spans.queue_home_id = processes.header_id
left join smtpd_clients on message_spans.message_key = smtpd_clients.line_key
left join processes as births on smtpd_clients.header_id = births.header_id
left join pickups on message_spans.message_key = pickups.line_key
left join message_ids on message_spans.message_id_key = message_ids.line_key
left join activations on message_spans.activation_key = activations.line_key
left join activations as last_activations
    on message_spans.last_activation_key = last_activations.line_key
left join connection_lines
    on
        message_spans.message_key = connection_lines.line_key
        and is_reception(connection_lines.kind)
left join earlier_lines
    on
        message_spans.message_key = earlier_lines.line_key
        and earlier_lines.part = 'queue'
order by message_spans.message_key;
