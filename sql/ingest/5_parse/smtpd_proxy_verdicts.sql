-- One row per answer of a before-queue filter (smtpd_proxy_filter)
-- No pattern of a form: a client can imitate a context, and only all of a line tells which is one
-- proxy-accept: END-OF-MESSAGE: 250 2.7.0 Ok, discarded, id=02141-07 - INFECTED: Test.Sig; from=<alice@example.net> to=<bob@example.com> proto=ESMTP helo=<mail-out.example.net>
-- proxy-reject: END-OF-MESSAGE: 554 5.7.0 Reject, id=02141-07 - INFECTED: Test.Sig (a; b); from=<alice@example.net> to=<bob@example.com> proto=ESMTP helo=<mail-out.example.net>
create or replace temp table smtpd_proxy_verdicts as
with matched as (
    select
        line_key,
        is_changed,
        logged_at,
        header_id,
        kind,
        body,
        may_be_cut,
        regexp_extract(
            body,
            '^(proxy-(?:accept|reject)): ([A-Z-]+): (.*?);(?: from=<(.*?)>)?(?: to=<(.*?)>)?'
            || '(?: proto=(\w+))?(?: helo=<([^>]*)>)?(?: sasl_username=<([^>]*)>)?$',
            [
                'action', 'stage', 'text', 'sender', 'recipient', 'protocol', 'helo_name',
                'username'
            ]
        ) as parts
    from work_lines
    where kind in ('smtpd_proxy_accept', 'smtpd_proxy_reject', 'smtpd_proxy_discard')
),

-- The end is missing, or more follows
cornered as (
    select
        *,
        case when parts.stage = '' then begun_context(body) end as begun
    from matched
),

begun as (
    select
        * exclude (parts, begun),
        case
            when begun.whole <> '' then {
                'action': split_part(body, ':', 1),
                'stage': split_part(body, ': ', 2),
                'text': regexp_extract(
                    substr(body, 1, context_place(body) - 1), '^[a-z-]+: [A-Z-]+: (.*)$', 1
                ),
                'sender': begun.sender,
                'recipient': begun.recipient,
                'protocol': begun.protocol,
                'helo_name': begun.helo_name,
                'username': ''
            }
            else parts
        end as parts
    from cornered
),

readable as (
    select
        *,
        not may_be_cut
        and has_one_context(body)
        and not is_open_value(parts.text)
        and is_whole_address(parts.sender)
        and is_whole_address(parts.recipient) as is_readable
    from begun
),

-- The reply reaches from the stage to the context, or as far as the line does
answered as (
    select
        *,
        case
            when is_readable and parts.stage <> '' then parts.text
            else regexp_extract(body, '^[a-z-]+: [A-Z-]+: (.*)$', 1)
        end as reply,
        case when not is_readable and not may_be_cut then context_end(body) end as ending
    from readable
)

select
    line_key,
    is_changed,
    logged_at,
    header_id,
    kind,
    case
        when kind = 'smtpd_proxy_reject' then split_part(body, ':', 1)
        when filter_verdict(reply) = 'discarded' then 'proxy-discard'
        else 'proxy-bounce'
    end as action,
    nullif(regexp_extract(body, '^[a-z-]+: ([A-Z-]+): ', 1), '') as stage,
    try_cast(regexp_extract(reply, '^([245]\d\d) ', 1) as integer) as reply_code,
    nullif(regexp_extract(reply, '^\d\d\d ([245]\.\d{1,3}\.\d{1,3}) ', 1), '') as dsn,
    nullif(
        regexp_replace(reply, '^(?:[245]\d\d )?(?:[245]\.\d{1,3}\.\d{1,3} )?', ''), ''
    ) as reason,
    case when is_readable and contains(body, '; from=<') then parts.sender end as sender,
    case when is_readable then nullif(parts.recipient, '') end as recipient,
    nullif(case when is_readable then parts.protocol else ending.protocol end, '') as protocol,
    nullif(case when is_readable then parts.helo_name else ending.helo_name end, '') as helo_name,
    case when is_readable then nullif(parts.username, '') end as sasl_username
from answered;
