-- One row per line of smtpd or qmqpd that begins a message
-- 4C11240764: client=app.example.com[203.0.113.9]:51514, sasl_method=PLAIN, sasl_username=app svc
-- 27A2540760: client=localhost[127.0.0.1], orig_queue_id=1E24040751, orig_client=mail-out.example.net[192.0.2.17]
create or replace temp table smtpd_clients as
with matched as (
    select
        line_key,
        is_changed,
        logged_at,
        header_id,
        kind,
        body,
        regexp_extract(body, '^client=' || client_pattern(), ['name', 'ip', 'port']) as client,
        case
            when contains(body, ', ') and not may_be_cut
                then regexp_extract(
                    body,
                    '^client=[^,]+(?:, sasl_method=([^,]+))?(?:, sasl_username=(.*?))?'
                    || '(?:, sasl_sender=(\S+))?(?:, orig_queue_id=([^,\s]+))?'
                    || '(?:, orig_client=(\S+))?,?$',
                    ['method', 'username', 'sender', 'orig_queue_id', 'orig_client']
                )
        end as more
    from work_lines
    where is_reception(kind)
),

-- Who logs in chooses the name, so only a filter of this host is believed to forward attributes
-- behind one
believed as (
    select
        * exclude (more),
        more.method,
        coalesce(
            more.username = ''
            or (more.orig_queue_id = '' and more.orig_client = '')
            or client.ip = '::1'
            or starts_with(client.ip, '127.'),
            true
        ) as is_forwarding,
        case
            when is_forwarding then more.username
            else regexp_extract(body, ', sasl_username=(.*?),?$', 1)
        end as username,
        case when is_forwarding then more.sender else '' end as sender,
        case when is_forwarding then more.orig_queue_id else '' end as orig_queue_id,
        case
            when is_forwarding and more.orig_client <> '' then regexp_extract(
                more.orig_client, '^([^\[\]]*)(?:\[([^\]]*)\])?', ['name', 'ip']
            )
        end as orig_client
    from matched
)

select
    line_key,
    is_changed,
    logged_at,
    header_id,
    kind,
    known_name(client.name) as client_name,
    plain_ip(client.ip) as client_ip,
    try_cast(client.port as integer) as client_port,
    nullif(method, '') as sasl_method,
    nullif(username, '') as sasl_username,
    nullif(sender, '') as sasl_sender,
    nullif(orig_queue_id, '') as orig_queue_id,
    known_name(orig_client.name) as orig_client_name,
    plain_ip(orig_client.ip) as orig_client_ip
from believed;
