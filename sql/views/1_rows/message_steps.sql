-- One row per step of a message's way, unnumbered, with its facts (message_flow numbers them)
create or replace view message_steps as
with own_connections as (
    select
        messages.message_key,
        messages.queue_id,
        connections.*,
        client(connections.client_name, connections.client_ip) as client
    from messages
    inner join connections on messages.connection_key = connections.connection_key
),

-- What filters and Milters of the same host say of a queue id belongs to the message that had it then
remarks as (
    select distinct on (log_lines.line_key)
        messages.message_key,
        log_lines.*
    from log_lines
    inner join messages
        on
            log_lines.queue_id = messages.queue_id
            and log_lines.host is not distinct from messages.host
    where
        log_lines.kind = 'foreign'
        and log_lines.copy_of is null
        and log_lines.queue_id is not null
        and log_lines.logged_at >= messages.queued_at - interval 1 minute
        and log_lines.logged_at <= coalesce(messages.removed_at, 'infinity') + interval 1 minute
    order by log_lines.line_key asc, messages.queued_at desc
),

-- So does what they say in lines of a kind of one's own; lines of Postfix are queue_events
own_remarks as (
    select distinct on (site_lines.line_key)
        messages.message_key,
        log_lines.*,
        site_lines.text
    from site_lines
    inner join log_lines on site_lines.line_key = log_lines.line_key
    inner join messages
        on
            log_lines.queue_id = messages.queue_id
            and log_lines.host is not distinct from messages.host
    where
        split_part(log_lines.program, '/', 1) is distinct from messages.instance
        and log_lines.copy_of is null
        and log_lines.logged_at >= messages.queued_at - interval 1 minute
        and log_lines.logged_at <= coalesce(messages.removed_at, 'infinity') + interval 1 minute
    order by site_lines.line_key asc, messages.queued_at desc
)

select
    message_key,
    queue_id,
    connected_at as logged_at,
    'smtpd_connect' as kind,
    null as outcome,
    map {'client': client, 'service': service} as facts,
    host,
    connection_key as line_key
from own_connections
where connected_at is not null
union all
select
    queue_events.message_key,
    messages.queue_id,
    queue_events.logged_at,
    queue_events.kind,
    null as outcome,
    map {
        'client': client(messages.client_name, messages.client_ip),
        'sasl_username': messages.sasl_username,
        'sasl_method': messages.sasl_method,
        'queue_id': messages.queue_id,
        'uid': case when messages.orig_queue_id is null then messages.uid::varchar end,
        'submitted_queue_id': case
            when coalesce(messages.orig_queue_id, messages.uid::varchar) is null
                then messages.queue_id
        end,
        'orig_queue_id': messages.orig_queue_id,
        'orig_client': case
            when coalesce(messages.orig_client_name, messages.orig_client_ip) is not null
                then client(messages.orig_client_name, messages.orig_client_ip)
        end,
        'message_id': case when queue_events.text is null then messages.message_id end,
        'unnamed_queue_id': case
            when queue_events.text is null and messages.message_id is null then messages.queue_id
        end,
        'further_text': case
            when queue_events.kind = 'cleanup_message_id' then queue_events.text
        end,
        'sender': coalesce(nullif(messages.sender, ''), '<>'),
        'size_bytes': messages.size_bytes::varchar,
        'recipient_count': messages.recipient_count::varchar,
        'related_queue_id': queue_events.related_queue_id,
        'addressee': case when queue_events.relation = 'postmaster notice' then 'postmaster' end,
        'kind': queue_events.kind,
        'text': queue_events.text
    } as facts,
    messages.host,
    queue_events.event_key as line_key
from queue_events
inner join messages on queue_events.message_key = messages.message_key
union all
select
    deliveries.message_key,
    deliveries.queue_id,
    deliveries.logged_at,
    'delivery' as kind,
    nullif(delivery_outcomes.outcome, 'relayed') as outcome,
    map {
        'recipient': deliveries.recipient,
        'colon': case when deliveries.recipient is not null then ': ' end,
        'doubt_en': case
            when deliveries.recipient is null
                then 'A delivery was tried; the line leaves in doubt to whom'
        end,
        'doubt_ja': case
            when deliveries.recipient is null then '配送が試みられましたが、宛先は行からは確定できません'
        end,
        'orig_recipient': deliveries.orig_recipient,
        'relay': nullif(deliveries.relay, 'none'),
        'delay_seconds': regexp_replace(deliveries.delay_seconds::varchar, '\.0$', ''),
        'status': deliveries.status
        || case
            when
                delivery_outcomes.outcome in ('discarded', 'filtered')
                or (deliveries.status = 'sent' and delivery_outcomes.outcome = 'bounced')
                then ' (' || delivery_outcomes.outcome || ')'
            else ''
        end,
        'status_ja': status_ja(deliveries.status, delivery_outcomes.outcome),
        'reply': deliveries.reply
    } as facts,
    deliveries.host,
    deliveries.delivery_key as line_key
from deliveries
inner join delivery_outcomes on deliveries.delivery_key = delivery_outcomes.delivery_key
union all
select
    rejections.message_key,
    messages.queue_id,
    rejections.logged_at,
    rejections.kind,
    null as outcome,
    map {
        'action': rejections.action,
        'stage': rejections.stage,
        'reason': rejections.reason,
        'content': rejections.content
    } as facts,
    rejections.host,
    rejections.rejection_key as line_key
from rejections
inner join messages on rejections.message_key = messages.message_key
union all
select
    notices.message_key,
    messages.queue_id,
    notices.logged_at,
    notices.kind,
    null as outcome,
    map {'text': notices.text} as facts,
    notices.host,
    notices.notice_key as line_key
from notices
inner join messages on notices.message_key = messages.message_key
where notices.kind = 'smtp_connect_failure'
union all
select
    remarks.message_key,
    remarks.queue_id,
    remarks.logged_at,
    'foreign' as kind,
    null as outcome,
    map {
        'program': remarks.program,
        'text': regexp_replace(remarks.line, '^.*? [^ \[\]:]+(?:\[\d+\])?: ', '')
    } as facts,
    remarks.host,
    remarks.line_key
from remarks
union all
select
    own_remarks.message_key,
    own_remarks.queue_id,
    own_remarks.logged_at,
    own_remarks.kind,
    null as outcome,
    map {
        'program': own_remarks.program,
        'queue_id': own_remarks.queue_id,
        'text': own_remarks.text
    } as facts,
    own_remarks.host,
    own_remarks.line_key
from own_remarks
union all
-- A line may tell several
select
    message_checks.message_key,
    messages.queue_id,
    message_checks.checked_at as logged_at,
    -- ARC is a chain of such signatures
    case message_checks.check_name when 'arc' then 'dkim' else message_checks.check_name end
    || '_check' as kind,
    message_checks.check_name as outcome,
    map {
        'check': upper(message_checks.check_name),
        'program': message_checks.program,
        'result': message_checks.result,
        'result_ja': check_result_ja(message_checks.result),
        'domain': message_checks.domain,
        'score': message_checks.score::varchar,
        'threshold': message_checks.threshold::varchar,
        'score_alone':
            case
                when message_checks.threshold is null then message_checks.score::varchar
            end,
        'waited_seconds': regexp_replace(message_checks.waited_seconds::varchar, '\.0$', ''),
        'text': message_checks.text
    } as facts,
    message_checks.host,
    message_checks.line_key
from message_checks
inner join messages on message_checks.message_key = messages.message_key
-- What Postfix refused is a step already
anti join rejections on message_checks.line_key = rejections.rejection_key
union all
select * from mailbox_steps;

comment on column message_steps.message_key is 'The message (messages)';
comment on column message_steps.queue_id is 'Its queue id';
comment on column message_steps.logged_at is 'When';
comment on column message_steps.kind is 'Kind of the line (line_kinds)';
comment on column message_steps.outcome is 'Name of the step where its kind does not tell it';
comment on column message_steps.facts is 'What fills the places of the sentence in line_kinds';
comment on column message_steps.host is 'Server';
comment on column message_steps.line_key is 'The line that says it (log_lines)';
