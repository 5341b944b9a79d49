-- Messages of the lines at hand, derived again as a whole
delete from messages
where message_key in (select line_key from message_lines where is_stored);

insert into messages by name
with spans as (
    select
        *,
        case when is_expired then 'expired' else substr(removal_kind, 7) end as end_reason
    from message_spans
),

outcomes as (
    select
        deliveries.message_key,
        bit_or(outcome_bit(deliveries.own_outcome)) as outcome_bits
    from deliveries
    semi join message_spans on deliveries.message_key = message_spans.message_key
    group by deliveries.message_key
)

select
    spans.message_key,
    processes.host,
    processes.instance,
    spans.queue_id,
    coalesce(connection_lines.connection_key, earlier_lines.connection_key) as connection_key,
    spans.birth_kind,
    own_origin(spans.birth_kind) as origin,
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
    spans.activation_count,
    spans.queued_at,
    spans.removed_at,
    spans.end_reason,
    -- As far as its own lines tell it: see 8_relate/6_states.sql
    ended_state(spans.end_reason, outcomes.outcome_bits) as state,
    coalesce(spans.removed_at, spans.expired_at) as state_at,
    spans.message_key as root_key,
    spans.last_logged_at
from spans
inner join processes on spans.queue_home_id = processes.header_id
left join smtpd_clients on spans.birth_key = smtpd_clients.line_key
left join processes as births on smtpd_clients.header_id = births.header_id
left join pickups on spans.birth_key = pickups.line_key
left join message_ids on spans.message_id_key = message_ids.line_key
left join activations on spans.activation_key = activations.line_key
left join activations as last_activations
    on spans.last_activation_key = last_activations.line_key
left join outcomes on spans.message_key = outcomes.message_key
left join connection_lines
    on
        spans.birth_key = connection_lines.line_key
        and is_reception(connection_lines.kind)
left join earlier_lines
    on
        spans.birth_key = earlier_lines.line_key
        and earlier_lines.part = 'queue'
order by spans.message_key;
