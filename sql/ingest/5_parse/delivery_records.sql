-- One row per delivery record
-- 7D4C440791: to=<h@example.org>, orig_to=<info@example.com>, relay=mx.example.org[198.51.100.25]:25, conn_use=3, delay=0.4, delays=0.2/0.1/0/0.1, tls=may, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 9A0B1C2D3E4F)
create or replace temp table delivery_records as
with matched as (
    select
        line_key,
        body,
        regexp_extract(
            body,
            '^to=<' || address_pattern() || '>, (?:orig_to=<' || address_pattern() || '>, )?'
            || 'relay=([^,]+), (?:conn_use=(\d+), )?delay=([^,]+), ',
            ['recipient', 'orig_recipient', 'relay', 'conn_use', 'delay']
        ) as head
    from changed_lines
    where kind = 'delivery'
),

-- Before Postfix 3.5 addresses were not quoted: then up to the first key that may follow
readable as (
    select
        line_key,
        body,
        case
            when head.relay <> '' then head
            else regexp_extract(
                body,
                '^to=<(.*?)>, (?:orig_to=<(.*?)>, )?relay=([^,]+), (?:conn_use=(\d+), )?'
                || 'delay=([^,]+), ',
                ['recipient', 'orig_recipient', 'relay', 'conn_use', 'delay']
            )
        end as head
    from matched
),

tailed as (
    select
        line_key,
        head,
        substr(
            body,
            length(head.recipient) + length(head.relay) + length(head.delay) + 24
            + case when head.orig_recipient <> '' then length(head.orig_recipient) + 12 else 0 end
            + case when head.conn_use <> '' then length(head.conn_use) + 11 else 0 end
        ) as tail
    from readable
),

ended as (
    select
        line_key,
        head,
        substr(tail, 1, strpos(tail, ' (') - 1) as fields,
        rtrim(substr(tail, strpos(tail, ' (') + 2)) as text
    from tailed
),

replied as (
    select
        line_key,
        head,
        regexp_extract(head.relay, '^(.*)\[([^\]]*)\](?::(\d+))?$', ['name', 'ip', 'port']) as relay,
        regexp_extract(fields, '(?:^|, )delays=([^,]*)', 1) as delays,
        regexp_extract(fields, '(?:^|, )tls=([^,]*)', 1) as tls_level,
        regexp_extract(fields, '(?:^|, )dsn=([245]\.\d{1,3}\.\d{1,3})(?:,|$)', 1) as dsn,
        regexp_extract(fields, '(?:^|, )status=([A-Za-z-]+)$', 1) as status,
        case when ends_with(text, ')') then substr(text, 1, length(text) - 1) else text end as reply
    from ended
)

select
    line_key,
    nullif(head.recipient, '') as recipient,
    nullif(head.orig_recipient, '') as orig_recipient,
    nullif(head.relay, '') as relay,
    case
        when relay.name <> '' then relay.name
        else nullif(nullif(head.relay, 'none'), '')
    end as relay_name,
    plain_ip(relay.ip) as relay_ip,
    try_cast(relay.port as integer) as relay_port,
    try_cast(head.conn_use as integer) as conn_use,
    seconds(head.delay) as delay_seconds,
    seconds(split_part(delays, '/', 1)) as before_qmgr_seconds,
    seconds(split_part(delays, '/', 2)) as in_qmgr_seconds,
    seconds(split_part(delays, '/', 3)) as connection_seconds,
    seconds(split_part(delays, '/', 4)) as transmission_seconds,
    nullif(tls_level, '') as tls_level,
    nullif(dsn, '') as dsn,
    nullif(status, '') as status,
    nullif(reply, '') as reply,
    try_cast(
        regexp_extract(
            reply, '^(?:host \S+ (?:said|refused to talk to me): )?([245]\d\d)[ -]', 1
        ) as integer
    ) as reply_code,
    nullif(regexp_extract(reply, '^2\d\d .* queued as ([0-9A-Za-z]{6,})$', 1), '') as remote_queue_id
from replied;
