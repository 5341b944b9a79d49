-- One row per decision of cleanup about the content of a message: header and body checks, Milters
-- 5E6F740774: reject: header Subject: buy now? and more from unknown[192.0.2.66]; from=<spam@example.net> to=<bob@example.com> proto=ESMTP helo=<box>: 5.7.1 header not welcome
-- 64C5D4077A: bcc: header Subject: contract from local; from=<ivan@example.com> to=<p@example.org>: legal@example.com
-- 6D4D540782: milter-reject: END-OF-MESSAGE from unknown[192.0.2.66]: 5.7.1 Spam message rejected; from=<spam@example.net> to=<bob@example.com> proto=ESMTP helo=<box>
create or replace temp view cleanup_verdicts as
with checks as (
    select
        line_key,
        logged_at,
        header_id,
        kind,
        body,
        regexp_extract(
            body,
            '^([a-z-]+): (header|body|content|mime-error) (.*) from '
            || '(local|unknown|[^\s\[\];]+\[[^\]]*\](?::\d+)?);'
            || '(?: from=<' || address_pattern() || '>)?(?: to=<' || address_pattern() || '>)?'
            || '(?: proto=(\w+))?(?: helo=<([^>]*)>)?(?:: (.*))?$',
            [
                'action', 'stage', 'content', 'client', 'sender', 'recipient', 'protocol',
                'helo_name', 'text'
            ]
        ) as parts
    from changed_lines
    where kind = 'cleanup_check'
),

milters as (
    select
        line_key,
        logged_at,
        header_id,
        kind,
        body,
        regexp_extract(
            body,
            '^([a-z-]+): ([A-Z-]+) from ([^\s\[\];]+\[[^\]]*\](?::\d+)?): (.*?);'
            || '(?: from=<' || address_pattern() || '>)?(?: to=<' || address_pattern() || '>)?'
            || '(?: proto=(\w+))?(?: helo=<([^>]*)>)?$',
            [
                'action', 'stage', 'client', 'text', 'sender', 'recipient', 'protocol', 'helo_name'
            ]
        ) as parts
    from changed_lines
    where kind = 'cleanup_milter'
),

verdicts as (
    select
        line_key,
        logged_at,
        header_id,
        kind,
        body,
        parts.action,
        parts.stage,
        parts.client,
        parts.content,
        parts.text,
        parts.sender,
        parts.recipient,
        parts.protocol,
        parts.helo_name,
        regexp_matches(parts.text, '> (?:to=<|proto=|helo=<)')
        or regexp_matches(
            parts.content,
            ' from (?:local|unknown|[^\s\[\];]+\[[^\]]*\](?::\d+)?);'
            || '(?: from=<| to=<| proto=| helo=<|: |$)'
        ) as is_ambiguous
    from checks
    union all by name
    select
        line_key,
        logged_at,
        header_id,
        kind,
        body,
        parts.action,
        parts.stage,
        parts.client,
        parts.text,
        parts.sender,
        parts.recipient,
        parts.protocol,
        parts.helo_name,
        is_open_value(parts.text) as is_ambiguous
    from milters
),

-- Several contexts: a header or an address imitates one, and which is which is not said
readable as (
    select
        line_key,
        logged_at,
        header_id,
        kind,
        body,
        action,
        stage,
        case when is_ambiguous then '' else client end as client,
        case when is_ambiguous then '' else content end as content,
        case when is_ambiguous then '' else text end as text,
        case when is_ambiguous then '' else sender end as sender,
        case when is_ambiguous then '' else recipient end as recipient,
        case when is_ambiguous then '' else protocol end as protocol,
        case when is_ambiguous then '' else helo_name end as helo_name
    from verdicts
),

-- Cut off at 2,000 bytes, imitated, or written by a version that nobody knows: the text as it is
headed as (
    select
        * exclude (action, stage),
        coalesce(nullif(action, ''), split_part(body, ':', 1)) as action,
        coalesce(
            nullif(stage, ''),
            nullif(regexp_extract(body, '^[a-z-]+: (header|body|content|[A-Z-]+)', 1), '')
        ) as stage,
        regexp_extract(client, '^' || client_pattern(), ['name', 'ip', 'port']) as origin
    from readable
)

select
    line_key,
    logged_at,
    header_id,
    kind,
    action,
    stage,
    known_name(nullif(origin.name, '')) as client_name,
    plain_ip(origin.ip) as client_ip,
    try_cast(origin.port as integer) as client_port,
    nullif(regexp_extract(text, '^([245]\.\d{1,3}\.\d{1,3}) ', 1), '') as dsn,
    coalesce(
        nullif(regexp_replace(text, '^[245]\.\d{1,3}\.\d{1,3} ', ''), ''),
        case
            when client = ''
                then nullif(regexp_replace(body, '^[a-z-]+: (?:[A-Z-]+ from )?', ''), '')
        end
    ) as reason,
    nullif(content, '') as content,
    case when client <> '' and contains(body, '; from=<') then sender end as sender,
    nullif(recipient, '') as recipient,
    nullif(protocol, '') as protocol,
    nullif(helo_name, '') as helo_name
from headed;
