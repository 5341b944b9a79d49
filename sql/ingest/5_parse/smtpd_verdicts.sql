-- One row per decision of smtpd about a client, sender or recipient
-- No pattern of a form: a client can imitate a context, and only all of a line tells which is one
-- NOQUEUE: reject: RCPT from unknown[192.0.2.71]: 450 4.7.25 Client host rejected: cannot find your hostname, [192.0.2.71]; from=<> to=<bob@example.com> proto=SMTP helo=<192.0.2.71>
-- 56A0B4076E: milter-reject: RCPT from laptop.example.com[203.0.113.77]: 451 4.7.1 Service unavailable - try again later; from=<dave@example.com> to=<bob@example.org> proto=ESMTP helo=<laptop> sasl_username=<dave@example.com>
create or replace temp table smtpd_verdicts as
with headed as (
    select
        line_key,
        is_changed,
        logged_at,
        header_id,
        kind,
        body,
        may_be_cut,
        regexp_extract(
            body, '^([a-z_-]+): ([A-Z-]+|DATA content) from ([^\s:]*\[[^\]]*\](?::\d+)?): ',
            ['action', 'stage', 'client']
        ) as head,
        string_split(body, '; from=<') as pieces
    from work_lines
    where is_smtpd_verdict(kind)
),

-- The usual context, where nothing else looks like the beginning of one
usual as (
    select
        * exclude (pieces),
        case
            -- At MAIL there is no recipient
            when len(pieces) = 2 and not may_be_cut and head.stage <> 'MAIL' then regexp_extract(
                pieces[2],
                '^([^"\\>]*)> to=<([^"\\>]*)> proto=(\w+) helo=<([^>]*)>$',
                ['sender', 'recipient', 'protocol', 'helo_name']
            )
        end as context,
        pieces[1] as before
    from headed
),

-- Else the context stands behind the first semicolon from which it reads whole to the end. Where a
-- client imitates a context in an address or its HELO name, which is which is not said
tailed as (
    select
        * exclude (context, before),
        case
            when context.protocol <> '' then {
                'before': before,
                'sender': context.sender,
                'recipient': context.recipient,
                'protocol': context.protocol,
                'helo_name': context.helo_name,
                'sasl_method': '',
                'user_in_brackets': '',
                'user': ''
            }
            when
                not may_be_cut
                and has_one_context(body)
                and regexp_matches(body, verdict_pattern(address_pattern()))
                then regexp_extract(
                    body,
                    verdict_pattern(address_pattern()),
                    [
                        'before', 'sender', 'recipient', 'protocol', 'helo_name', 'sasl_method',
                        'user_in_brackets', 'user'
                    ]
                )
            when not may_be_cut and has_one_context(body) then regexp_extract(
                body,
                verdict_pattern('(.*?)'),
                [
                    'before', 'sender', 'recipient', 'protocol', 'helo_name', 'sasl_method',
                    'user_in_brackets', 'user'
                ]
            )
        end as tail
    from usual
),

-- The end is missing, or more follows
cornered as (
    select
        *,
        case when tail.before <> '' or may_be_cut then null else begun_context(body) end as begun
    from tailed
),

begun as (
    select
        * exclude (tail, begun),
        case
            when tail.before <> '' or may_be_cut then tail
            when begun.whole <> ''
                then {
                    'before': substr(body, 1, context_place(body) - 1),
                    'sender': begun.sender,
                    'recipient': begun.recipient,
                    'protocol': begun.protocol,
                    'helo_name': begun.helo_name,
                    'sasl_method': '',
                    'user_in_brackets': '',
                    'user': ''
                }
        end as tail
    from cornered
),

told as (
    select
        * exclude (tail),
        case
            when
                not is_open_value(tail.before)
                and is_whole_address(tail.sender)
                and is_whole_address(tail.recipient)
                -- At MAIL what looks like a recipient is part of the sender
                and not (head.stage = 'MAIL' and tail.recipient <> '')
                then tail
        end as tail,
        -- While HELO itself is refused, it may hold anything
        case
            when
                coalesce(tail.before, '') = ''
                and not may_be_cut
                and head.stage not in ('CONNECT', 'HELO', 'EHLO')
                then context_end(body)
        end as ending
    from begun
),

-- From the text behind the client to the context
reasoned as (
    select
        *,
        substr(
            coalesce(nullif(tail.before, ''), body),
            length(head.action) + length(head.stage) + length(head.client) + 11
        ) as text,
        -- Before MAIL there is no sender
        head.stage in ('CONNECT', 'HELO', 'EHLO') as is_greeting,
        regexp_extract(head.client, '^' || client_pattern(), ['name', 'ip', 'port']) as client
    from told
)

select
    line_key,
    is_changed,
    logged_at,
    header_id,
    kind,
    coalesce(nullif(head.action, ''), split_part(body, ':', 1)) as action,
    nullif(head.stage, '') as stage,
    known_name(client.name) as client_name,
    plain_ip(client.ip) as client_ip,
    try_cast(client.port as integer) as client_port,
    try_cast(regexp_extract(text, '^([245]\d\d)(?: |$)', 1) as integer) as reply_code,
    nullif(regexp_extract(text, '^(?:[245]\d\d )?([245]\.\d{1,3}\.\d{1,3})(?: |$)', 1), '') as dsn,
    nullif(
        trimmed(regexp_replace(text, '^(?:[245]\d\d )?(?:[245]\.\d{1,3}\.\d{1,3} )?', '')), ''
    ) as reason,
    case
        when tail.before <> '' and contains(body, '; from=<') and not is_greeting
            then tail.sender
    end as sender,
    case when not is_greeting then nullif(tail.recipient, '') end as recipient,
    coalesce(nullif(tail.protocol, ''), nullif(ending.protocol, '')) as protocol,
    coalesce(nullif(tail.helo_name, ''), nullif(ending.helo_name, '')) as helo_name,
    nullif(tail.sasl_method, '') as sasl_method,
    coalesce(nullif(tail.user_in_brackets, ''), nullif(tail.user, '')) as sasl_username
from reasoned;
