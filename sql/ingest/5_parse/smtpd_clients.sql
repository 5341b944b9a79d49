-- One row per line of smtpd or qmqpd that begins a message
-- More than a pattern of a form: who logs in chooses the name, so only a filter of this host is believed
-- to forward attributes behind one
create or replace temp table smtpd_clients as
with believed as (
    select
        * exclude (orig_client),
        sasl_username is null
        or (orig_queue_id is null and orig_client is null)
        or coalesce(client_ip = '::1' or starts_with(client_ip, '127.'), false) as is_forwarding,
        regexp_extract(
            orig_client, '^([^\[\]]*)(?:\[([^\]]*)\])?', ['name', 'ip']
        ) as orig_client
    from columns_of(work_lines, 'smtpd_clients')
)

select
    line_key,
    is_changed,
    logged_at,
    header_id,
    kind,
    client_name,
    client_ip,
    client_port,
    sasl_method,
    case
        when is_forwarding then sasl_username
        else nullif(regexp_extract(body, ', sasl_username=(.*?),?$', 1), '')
    end as sasl_username,
    case when is_forwarding then sasl_sender end as sasl_sender,
    case when is_forwarding then orig_queue_id end as orig_queue_id,
    case when is_forwarding then known_name(orig_client.name) end as orig_client_name,
    case when is_forwarding then plain_ip(orig_client.ip) end as orig_client_ip
from believed;
