-- One row per decision of cleanup about the content of a message: header and body checks, Milters
-- No pattern of a form: a client can imitate a context, and only all of a line tells which is one
-- 5E6F740774: reject: header Subject: buy now? and more from unknown[192.0.2.66]; from=<spam@example.net> to=<bob@example.com> proto=ESMTP helo=<box>: 5.7.1 header not welcome
-- 64C5D4077A: bcc: header Subject: contract from local; from=<ivan@example.com> to=<p@example.org>: legal@example.com
-- 6D4D540782: milter-reject: END-OF-MESSAGE from unknown[192.0.2.66]: 5.7.1 Spam message rejected; from=<spam@example.net> to=<bob@example.com> proto=ESMTP helo=<box>
create or replace temp view cleanup_verdicts as
with checks as (
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
            '^([a-z-]+): (header|body|content|mime-error) (.*) from '
            || '(local|unknown|[^\s\[\];]+\[[^\]]*\](?::\d+)?);'
            || '(?: from=<' || address_pattern() || '>)?(?: to=<' || address_pattern() || '>)?'
            || '(?: proto=(\w+))?(?: helo=<([^>]*)>)?(?::(?: (.*))?)?$',
            [
                'action', 'stage', 'content', 'client', 'sender', 'recipient', 'protocol',
                'helo_name', 'text'
            ]
        ) as parts
    from work_lines
    where kind = 'cleanup_check'
),

milters as (
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
            '^([a-z-]+): ([A-Z-]+) from ([^\s\[\];]+\[[^\]]*\](?::\d+)?): (.*?);'
            || '(?: from=<' || address_pattern() || '>)?(?: to=<' || address_pattern() || '>)?'
            || '(?: proto=(\w+))?(?: helo=<([^>]*)>)?$',
            [
                'action', 'stage', 'client', 'text', 'sender', 'recipient', 'protocol', 'helo_name'
            ]
        ) as parts,
        -- The client stands before all that strangers write
        regexp_extract(
            body,
            '^[a-z-]+: [A-Z-]+ from ([^\s\[\];]+\[[^\]]*\](?::\d+)?): (.*)$',
            ['client', 'text']
        ) as beginning
    from work_lines
    where kind = 'cleanup_milter'
),

-- The end is missing, or more follows
cornered_milters as (
    select
        *,
        case when parts.stage = '' then begun_context(body) end as begun
    from milters
),

begun_milters as (
    select
        * exclude (parts, begun),
        case
            when begun.whole <> '' then {
                'action': '',
                'stage': '',
                'client': beginning.client,
                'text': substr(beginning.text, 1, context_place(beginning.text) - 1),
                'sender': begun.sender,
                'recipient': begun.recipient,
                'protocol': begun.protocol,
                'helo_name': begun.helo_name
            }
            else parts
        end as parts
    from cornered_milters
),

verdicts as (
    select
        *,
        regexp_matches(parts.text, '> (?:to=<|proto=|helo=<)')
        or regexp_matches(
            parts.content,
            ' from (?:local|unknown|[^\s\[\];]+\[[^\]]*\](?::\d+)?);'
            || '(?: from=<| to=<| proto=| helo=<|: |$)'
        ) as is_ambiguous
    from checks
    union all by name
    select
        *,
        is_open_value(parts.text) as is_ambiguous
    from begun_milters
),

-- Several contexts: a header or an address imitates one, and which is which is not said
readable as (
    select
        * exclude (parts),
        case
            when not is_ambiguous and not may_be_cut and has_one_context(body) then parts
        end as parts,
        -- Behind the context of a header check a replacement may stand, which holds anything
        case
            when
                kind = 'cleanup_milter'
                and not may_be_cut
                and (is_ambiguous or not has_one_context(body))
                then context_end(body)
        end as ending
    from verdicts
),

-- Cut off at 2,000 bytes, imitated, or written by a version that nobody knows: the text as it is
headed as (
    select
        * exclude (parts),
        parts.* exclude (action, stage, client, text, protocol, helo_name),
        coalesce(nullif(parts.protocol, ''), nullif(ending.protocol, '')) as protocol,
        coalesce(nullif(parts.helo_name, ''), nullif(ending.helo_name, '')) as helo_name,
        coalesce(nullif(parts.client, ''), nullif(beginning.client, '')) as client,
        coalesce(nullif(parts.text, ''), nullif(beginning.text, '')) as text,
        coalesce(nullif(parts.action, ''), split_part(body, ':', 1)) as action,
        coalesce(
            nullif(parts.stage, ''),
            nullif(
                regexp_extract(body, '^[a-z-]+: (header|body|content|mime-error|[A-Z-]+)', 1), ''
            )
        ) as stage,
        regexp_extract(client, '^' || client_pattern(), ['name', 'ip', 'port']) as origin
    from readable
)

select
    line_key,
    is_changed,
    logged_at,
    header_id,
    kind,
    action,
    stage,
    known_name(nullif(origin.name, '')) as client_name,
    plain_ip(origin.ip) as client_ip,
    try_cast(origin.port as integer) as client_port,
    nullif(regexp_extract(text, '^([245]\.\d{1,3}\.\d{1,3})(?: |$)', 1), '') as dsn,
    coalesce(
        nullif(regexp_replace(text, '^[245]\.\d{1,3}\.\d{1,3}(?: |$)', ''), ''),
        case
            when coalesce(client, '') = ''
                then nullif(regexp_replace(body, '^[a-z-]+: (?:[A-Z-]+ from )?', ''), '')
        end
    ) as reason,
    nullif(content, '') as content,
    case when client <> '' and contains(body, '; from=<') then sender end as sender,
    nullif(recipient, '') as recipient,
    protocol,
    helo_name
from headed;
