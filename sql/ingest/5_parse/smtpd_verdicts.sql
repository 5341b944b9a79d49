-- One row per decision of smtpd about a client, sender or recipient
-- NOQUEUE: reject: RCPT from unknown[192.0.2.71]: 450 4.7.25 Client host rejected: cannot find your hostname, [192.0.2.71]; from=<> to=<bob@example.com> proto=SMTP helo=<192.0.2.71>
-- 56A0B4076E: milter-reject: RCPT from laptop.example.com[203.0.113.77]: 451 4.7.1 Service unavailable - try again later; from=<dave@example.com> to=<bob@example.org> proto=ESMTP helo=<laptop> sasl_username=<dave@example.com>
create or replace temp table smtpd_verdicts as
with headed as (
    select
        line_key,
        body,
        regexp_extract(
            body,
            '^([a-z_-]+): ([A-Z-]+|DATA content) from ' || client_pattern() || ': ',
            ['action', 'stage', 'name', 'ip', 'port']
        ) as head
    from work_lines
    where is_verdict(kind)
),

-- The context stands behind the last semicolon from which it reads whole to the end: what
-- comes before was written by strangers
tailed as (
    select
        *,
        regexp_extract(
            body,
            '^(.*?);'
            || '(?: from=<' || address_pattern() || '>)?(?: to=<' || address_pattern() || '>)?'
            || '(?: proto=(\w+))?(?: helo=<([^>]*)>)?'
            || '(?: sasl_method=\S+)?(?: sasl_username=(?:<([^>]*)>|([^;<>]*?)))?(?: sasl_sender=\S+)?$',
            ['before', 'sender', 'recipient', 'protocol', 'helo_name', 'user_in_brackets', 'user']
        ) as tail
    from headed
),

-- From the text behind the client to the context
reasoned as (
    select
        *,
        substr(
            coalesce(nullif(tail.before, ''), body),
            strpos(body, '[' || head.ip || ']')
            + length(head.ip) + 4
            + case when head.port <> '' then length(head.port) + 1 else 0 end
        ) as text
    from tailed
)

select
    line_key,
    coalesce(nullif(head.action, ''), split_part(body, ':', 1)) as action,
    nullif(head.stage, '') as stage,
    known_name(head.name) as client_name,
    plain_ip(head.ip) as client_ip,
    try_cast(regexp_extract(text, '^([245]\d\d) ', 1) as integer) as reply_code,
    nullif(regexp_extract(text, '^(?:[245]\d\d )?([245]\.\d{1,3}\.\d{1,3}) ', 1), '') as dsn,
    nullif(regexp_replace(text, '^(?:[245]\d\d )?(?:[245]\.\d{1,3}\.\d{1,3} )?', ''), '') as reason,
    case when tail.before <> '' and contains(body, '; from=<') then tail.sender end as sender,
    nullif(tail.recipient, '') as recipient,
    nullif(tail.protocol, '') as protocol,
    nullif(tail.helo_name, '') as helo_name,
    coalesce(nullif(tail.user_in_brackets, ''), nullif(tail.user, '')) as sasl_username
from reasoned;
