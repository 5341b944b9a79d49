-- Delivery attempts that the changed lines record
delete from deliveries
where delivery_key in (select line_key from message_lines where is_changed and is_stored);

insert into deliveries by name
select
    delivery_records.line_key as delivery_key,
    message_lines.message_key,
    processes.host,
    processes.daemon as agent,
    processes.service,
    delivery_records.* exclude (line_key, header_id),
    delivery_outcome(
        processes.daemon,
        delivery_records.status,
        delivery_records.reply,
        delivery_records.relay_ip
    ) as own_outcome,
    tls.tls_trust,
    tls.tls_protocol,
    tls.tls_cipher
from delivery_records
inner join processes on delivery_records.header_id = processes.header_id
inner join message_lines
    on delivery_records.line_key = message_lines.line_key and message_lines.kind = 'delivery'
-- It must be this connection: to the same relay, and no longer ago than connecting and the transfer
-- took (rounded to two digits), or as long as a connection is used again
left join delivery_sessions as tls
    on
        delivery_records.line_key = tls.line_key
        and delivery_records.relay = tls.relay
        and delivery_records.logged_at - tls.logged_at <= least(
            case
                when delivery_records.conn_use is null then to_seconds(
                    2
                    + 1.1 * coalesce(delivery_records.connection_seconds, 0)
                    + 1.1 * coalesce(delivery_records.transmission_seconds, 0)
                )
                else smtp_session_silence()
            end,
            smtp_session_silence()
        );
