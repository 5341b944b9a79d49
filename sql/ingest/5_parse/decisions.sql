-- One row per decision of smtpd, postscreen, a Milter or a filter before the queue about a client, sender,
-- recipient or message
-- Only the head is a pattern of the forms: a client can imitate the context behind what is said, and only
-- all of a line tells which is one
-- NOQUEUE: reject: RCPT from unknown[192.0.2.71]: 450 4.7.25 Client host rejected: cannot find your hostname, [192.0.2.71]; from=<> to=<bob@example.com> proto=SMTP helo=<192.0.2.71>
-- 56A0B4076E: milter-reject: RCPT from laptop.example.com[203.0.113.77]: 451 4.7.1 Service unavailable - try again later; from=<dave@example.com> to=<bob@example.org> proto=ESMTP helo=<laptop> sasl_username=<dave@example.com>
-- proxy-reject: END-OF-MESSAGE: 554 5.7.0 Reject, id=02141-07 - INFECTED: Test.Sig (a; b); from=<alice@example.net> to=<bob@example.com> proto=ESMTP helo=<mail-out.example.net>
-- NOQUEUE: reject: RCPT from [192.0.2.66]:43987: 550 5.7.1 Service unavailable; client [192.0.2.66] blocked using dnsbl.example.org; from=<x@y.example>, to=<bob@example.com>, proto=ESMTP, helo=<box>
create or replace temp table decisions as
with headed as (
    select
        * exclude (stage),
        coalesce(stage, '') as stage,
        string_split(body, '; from=<') as pieces
    from columns_of(work_lines, 'decisions')
),

-- The usual context, where nothing else looks like the beginning of one
usual as (
    select
        * exclude (pieces),
        case
            -- At MAIL there is no recipient
            when len(pieces) = 2 and not may_be_cut and stage <> 'MAIL' then regexp_extract(
                pieces[2],
                '^([^"\\>]*)>,? to=<([^"\\>]*)>,? proto=(\w+),? helo=<([^>]*)>$',
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
            when may_be_cut or not has_one_context(body) then null
            when kind = 'postscreen_reject' then regexp_extract(
                body,
                '^(.*?); from=<(.*?)>, to=<(.*?)>, proto=(\w+), helo=<(\S*)>()()()$',
                [
                    'before', 'sender', 'recipient', 'protocol', 'helo_name', 'sasl_method',
                    'user_in_brackets', 'user'
                ]
            )
            when
                kind = 'cleanup_milter'
                or is_smtpd_verdict(kind)
                and regexp_matches(body, verdict_pattern(address_pattern()))
                then regexp_extract(
                    body,
                    verdict_pattern(address_pattern()),
                    [
                        'before', 'sender', 'recipient', 'protocol', 'helo_name', 'sasl_method',
                        'user_in_brackets', 'user'
                    ]
                )
            else regexp_extract(
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

judged as (
    select
        *,
        not is_open_value(tail.before)
        and is_whole_address(tail.sender)
        and is_whole_address(tail.recipient)
        -- At MAIL what looks like a recipient is part of the sender
        and not (stage = 'MAIL' and tail.recipient <> '') as is_told,
        -- Before MAIL there is no sender
        stage in ('CONNECT', 'HELO', 'EHLO') as is_greeting
    from begun
),

-- From the text behind the client to the context
reasoned as (
    select
        * exclude (tail),
        case when is_told then tail end as tail,
        substr(
            coalesce(case when is_told then nullif(tail.before, '') end, body),
            1 + coalesce(length(head), strpos(body, ': ') + 1)
        ) as text,
        -- While HELO itself is refused, it may hold anything
        case
            when may_be_cut or is_greeting then null
            when coalesce(tail.before, '') = '' or (not is_told and stage not in ('', 'MAIL'))
                then context_end(body)
        end as ending
    from judged
),

coded as (
    select
        *,
        -- A Milter that is asked behind smtpd gives none
        case
            when kind <> 'cleanup_milter' then regexp_extract(text, '^([245]\d\d)(?: |$)', 1)
            else ''
        end as code
    from reasoned
),

replied as (
    select
        *,
        case when code <> '' then substr(text, 5) else text end as reply
    from coded
),

explained as (
    select
        *,
        regexp_extract(reply, '^([245]\.\d{1,3}\.\d{1,3})(?: |$)', 1) as status
    from replied
)

select
    line_key,
    is_changed,
    logged_at,
    header_id,
    kind,
    case
        when kind not in ('smtpd_proxy_accept', 'smtpd_proxy_discard')
            then split_part(body, ':', 1)
        when filter_verdict(text) = 'discarded' then 'proxy-discard'
        else 'proxy-bounce'
    end as action,
    nullif(stage, '') as stage,
    endpoint,
    client_name,
    client_ip,
    client_port,
    try_cast(code as integer) as reply_code,
    nullif(status, '') as dsn,
    nullif(
        trimmed(case when status <> '' then substr(reply, length(status) + 2) else reply end), ''
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
from explained;
