-- One row per line of postscreen about one client, which stands as [ADDRESS]:PORT
-- No pattern of a form: a client can imitate a context, and only all of a line tells which is one
-- CONNECT from [192.0.2.66]:43987 to [203.0.113.1]:25
-- PREGREET 32 after 0.06 from [192.0.2.66]:43987: EHLO box\r\nMAIL FROM:<x@y.example>\r\n
-- NOQUEUE: reject: RCPT from [192.0.2.66]:43987: 550 5.7.1 Service unavailable; client [192.0.2.66] blocked using dnsbl.example.org; from=<x@y.example>, to=<bob@example.com>, proto=ESMTP, helo=<box>
create or replace temp table postscreen_lines as
with matched as (
    select
        line_key,
        is_changed,
        logged_at,
        header_id,
        kind,
        body,
        may_be_cut,
        screened_client(body) as client
    from work_lines
    where is_postscreen(kind)
),

-- The client writes the sender, the recipient and its HELO name: only a context that reads whole
-- to the end is one
contexts as (
    select
        *,
        case
            when kind = 'postscreen_reject' and not may_be_cut and has_one_context(client.rest)
                then regexp_extract(
                    client.rest,
                    '^: (.*?); from=<(.*?)>, to=<(.*?)>, proto=(\w+), helo=<(\S*)>$',
                    ['text', 'sender', 'recipient', 'protocol', 'helo_name']
                )
        end as whole_context
    from matched
),

-- The end is missing, or more follows
cornered as (
    select
        *,
        case
            when whole_context.protocol <> '' then null
            when kind = 'postscreen_reject' and not may_be_cut then begun_context(client.rest)
        end as begun
    from contexts
),

begun as (
    select
        * exclude (whole_context, begun),
        case
            when whole_context.protocol <> '' then whole_context
            when begun.whole <> ''
                then {
                    'text': regexp_replace(
                        substr(client.rest, 1, context_place(client.rest) - 1), '^: ', ''
                    ),
                    'sender': begun.sender,
                    'recipient': begun.recipient,
                    'protocol': begun.protocol,
                    'helo_name': begun.helo_name
                }
        end as context
    from cornered
),

-- The reply reaches from the client to the context, or as far as the line does
answered as (
    select
        *,
        case
            when context.text <> '' then context.text
            when kind in ('postscreen_reject', 'postscreen_busy')
                then regexp_replace(client.rest, '^: ', '')
        end as reply,
        case
            when
                kind = 'postscreen_reject'
                and not may_be_cut
                and coalesce(context.protocol, '') = ''
                then context_end(client.rest)
        end as ending
    from begun
)

select
    line_key,
    is_changed,
    logged_at,
    header_id,
    kind,
    endpoint(client) as endpoint,
    plain_ip(client.ip) as client_ip,
    try_cast(client.port as integer) as client_port,
    case kind
        when 'postscreen_pregreet' then 'pregreet'
        when 'postscreen_dnsbl' then 'dnsbl'
        when 'postscreen_denylisted' then 'denylisted'
        when 'postscreen_veto' then 'veto'
        when 'postscreen_reject' then 'reject'
        when 'postscreen_busy' then 'reject'
        when 'postscreen_violation' then lower(regexp_extract(body, '^(.*?) from \[', 1))
    end as action,
    case
        when kind in ('postscreen_reject', 'postscreen_busy')
            then upper(regexp_extract(body, '^reject: (\w+) from ', 1))
        when kind = 'postscreen_violation'
            then nullif(
                regexp_extract(client.rest, '^ after (' || smtp_command() || ')(?:$|[: ])', 1), ''
            )
    end as stage,
    try_cast(regexp_extract(reply, '^([245]\d\d) ', 1) as integer) as reply_code,
    nullif(regexp_extract(reply, '^\d\d\d ([245]\.\d{1,3}\.\d{1,3}) ', 1), '') as dsn,
    nullif(regexp_replace(reply, '^\d\d\d (?:\d\.\d{1,3}\.\d{1,3} )?', ''), '') as reason,
    case kind
        when 'postscreen_pregreet' then nullif(regexp_extract(client.rest, '^: (.*)$', 1), '')
        when 'postscreen_dnsbl'
            then 'rank ' || nullif(regexp_extract(body, '^DNSBL rank (-?\d+) ', 1), '')
        when 'postscreen_violation'
            then nullif(
                regexp_replace(
                    regexp_extract(client.rest, '^ after (.*)$', 1),
                    '^' || smtp_command() || '(?:$|: | )', ''
                ),
                ''
            )
    end as content,
    case when contains(client.rest, '; from=<') then context.sender end as sender,
    nullif(context.recipient, '') as recipient,
    coalesce(nullif(context.protocol, ''), nullif(ending.protocol, '')) as protocol,
    coalesce(nullif(context.helo_name, ''), nullif(ending.helo_name, '')) as helo_name
from answered;
