-- One row per delivery record
-- No pattern of a form: an address or a reply can imitate what follows it, fields come and go
-- 7D4C440791: to=<h@example.org>, orig_to=<info@example.com>, relay=mx.example.org[198.51.100.25]:25, conn_use=3, delay=0.4, delays=0.2/0.1/0/0.1, tls=may, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 9A0B1C2D3E4F)
create or replace temp table delivery_records as
with judged as (
    select
        line_key,
        logged_at,
        header_id,
        queue_id,
        body,
        may_be_cut,
        -- A recipient or a reply imitates what follows an address
        body like '%>, relay=%>, relay=%'
        or case
            when contains(body, '>, orig_to=<') then body like '%>, orig_to=<%>, orig_to=<%'
            else false
        end as is_imitated
    from changed_lines
    where kind = 'delivery'
),

addressed as (
    select
        * exclude (is_imitated),
        case
            when not may_be_cut and not is_imitated then regexp_extract(
                body,
                '^to=<' || address_pattern() || '>, (?:orig_to=<' || address_pattern() || '>, )?'
                || 'relay=([^,]+), ',
                ['recipient', 'orig_recipient', 'relay']
            )
        end as head
    from judged
),

-- Before Postfix 3.5 addresses were not quoted. Very many readings are not compared
ambiguous as (
    select
        *,
        case
            when
                coalesce(head.relay, '') = ''
                and not may_be_cut
                and len(string_split(body, '>, relay=')) between 2 and 9
                and len(string_split(body, '>, orig_to=<')) <= 9
                then delivery_readings(body)
        end as readings
    from addressed
),

-- Of several readings none is taken
readable as (
    select
        * exclude (head, readings),
        case
            when head.relay <> '' then head
            when contains(body, '>, relay=') and not may_be_cut
                then case when len(readings) = 1 then readings[1] end
            when regexp_matches(body, '^to=<' || plain_address_pattern() || '>, ')
                then regexp_extract(
                    body,
                    '^to=<' || plain_address_pattern() || '>, '
                    || '(?:orig_to=<' || plain_address_pattern() || '>, )?(?:relay=([^,]+), )?',
                    ['recipient', 'orig_recipient', 'relay']
                )
        end as head
    from ambiguous
),

placed as (
    select
        * exclude (body),
        substr(
            body,
            length(head.recipient) + 8
            + case when head.relay <> '' then length(head.relay) + 8 else 0 end
            + case when head.orig_recipient <> '' then length(head.orig_recipient) + 12 else 0 end
        ) as tail
    from readable
),

-- Behind addresses that were not read to their end there is no field
tailed as (
    select
        * exclude (tail),
        case
            when head.relay <> '' or regexp_matches(tail, '^(?:conn_use|delay|status)=') then tail
        end as tail
    from placed
),

ended as (
    select
        * exclude (tail),
        case
            when contains(tail, ' (') then substr(tail, 1, strpos(tail, ' (') - 1)
            else tail
        end as fields,
        case when contains(tail, ' (') then substr(tail, strpos(tail, ' (') + 2) end as text
    from tailed
),

-- The usual fields in one go, else one by one
told as (
    select
        *,
        regexp_extract(
            fields,
            '^(?:conn_use=\d+, )?delay=([^,]+), (?:delays=([^,]+), (?:tls=[^,]+, )?dsn=([^,]+), )?'
            || 'status=([A-Za-z-]+)$',
            ['delay', 'delays', 'dsn', 'status']
        ) as usual
    from ended
),

split as (
    select
        * exclude (fields, text, usual),
        case
            when usual.status <> '' then usual
            else {
                'delay': regexp_extract(fields, '(?:^|, )delay=([^,]*)', 1),
                'delays': regexp_extract(fields, '(?:^|, )delays=([^,]*)', 1),
                'dsn': regexp_extract(fields, '(?:^|, )dsn=([^,]*)', 1),
                'status': regexp_extract(fields, '(?:^|, )status=([A-Za-z-]+)$', 1)
            }
        end as field,
        case
            when starts_with(fields, 'conn_use=')
                then regexp_extract(fields, '^conn_use=(\d+)', 1)
        end as conn_use,
        case
            when contains(fields, ', tls=') then regexp_extract(fields, ', tls=([^,]*)', 1)
        end as tls_level,
        ends_with(text, ')') and not may_be_cut as is_whole,
        case when ends_with(text, ')') then substr(text, 1, length(text) - 1) else text end as reply
    from told
),

routed as (
    select
        * exclude (head),
        head.recipient,
        head.orig_recipient,
        head.relay,
        split_part(head.relay, '[', 1) as relay_name,
        split_part(split_part(head.relay, '[', 2), ']', 1) as relay_address,
        split_part(head.relay, ']:', 2) as relay_port,
        string_split(field.delays, '/') as delays
    from split
),

-- Where the server's own words begin in the text
answered as (
    select
        *,
        case
            when starts_with(reply, 'host ') or starts_with(reply, 'SASL ')
                then length(regexp_extract(reply, server_reply_pattern())) + 1
            else 1
        end as reply_start
    from routed
),

coded as (
    select
        *,
        case
            when
                substr(reply, reply_start, 1) in ('2', '4', '5')
                and substr(reply, reply_start + 3, 1) in (' ', '-', '')
                then try_cast(substr(reply, reply_start, 3) as integer)
        end as reply_code
    from answered
)

select
    line_key,
    logged_at,
    header_id,
    queue_id,
    nullif(recipient, '') as recipient,
    nullif(orig_recipient, '') as orig_recipient,
    nullif(relay, '') as relay,
    nullif(nullif(relay_name, 'none'), '') as relay_name,
    plain_ip(relay_address) as relay_ip,
    try_cast(relay_port as integer) as relay_port,
    try_cast(conn_use as integer) as conn_use,
    seconds(field.delay) as delay_seconds,
    seconds(delays[1]) as before_qmgr_seconds,
    seconds(delays[2]) as in_qmgr_seconds,
    seconds(delays[3]) as connection_seconds,
    seconds(delays[4]) as transmission_seconds,
    nullif(tls_level, '') as tls_level,
    case when regexp_full_match(field.dsn, '[245]\.\d{1,3}\.\d{1,3}') then field.dsn end as dsn,
    nullif(field.status, '') as status,
    nullif(reply, '') as reply,
    reply_code,
    -- What is made NULL inside a case is looked for twice
    nullif(
        case
            when reply_code is null then null
            -- Most servers give the status code that the record repeats
            when starts_with(substr(reply, 5), field.dsn || ' ') then field.dsn
            else regexp_extract(
                substr(reply, reply_start), '^\d\d\d[ -]([245]\.\d{1,3}\.\d{1,3})(?: |$)', 1
            )
        end,
        ''
    ) as reply_dsn,
    nullif(
        case
            when is_whole and starts_with(reply, '2') and contains(reply, ' queued as ')
                then regexp_extract(
                    split_part(reply, ' queued as ', -1), '^([0-9A-Za-z]{5,})(?:$|[ .,;])', 1
                )
            when is_whole and starts_with(reply, '2') and status = 'sent' then next_hop_id(reply)
            when is_whole and starts_with(reply, 'forwarded as ') and status = 'sent'
                then regexp_extract(reply, '^forwarded as ([0-9A-Za-z]+)$', 1)
        end,
        ''
    ) as remote_queue_id,
    nullif(
        case
            when is_whole and ends_with(reply, ' Saved') and starts_with(reply, '250 2.')
                then split_part(reply, ' ', -2)
        end,
        ''
    ) as remote_session_id
from coded;
