-- One row per result of a check that a filter told, and the message that it is about
create or replace view message_checks as
-- A queue id of the same host belongs to the message that had it then
with named as (
    select
        check_results.check_key,
        check_results.check_name,
        -- Instances of Postfix may have the same queue id
        case
            when count(distinct messages.instance) = 1
                then max_by(messages.message_key, (messages.queued_at, messages.message_key))
        end as message_key,
        'queue id' as evidence
    from check_results
    inner join messages
        on
            check_results.queue_id = messages.queue_id
            and check_results.host is not distinct from messages.host
    where
        check_results.logged_at >= messages.queued_at - interval 1 minute
        and check_results.logged_at <= coalesce(messages.removed_at, 'infinity') + interval 1 minute
    group by check_results.check_key, check_results.check_name
),

-- The message-id is the sender's: it counts if one mail alone had it here at that time
identified as (
    select
        check_results.check_key,
        check_results.check_name,
        case
            when count(distinct messages.root_key) = 1
                then min_by(messages.message_key, (messages.queued_at, messages.message_key))
        end as message_key,
        'message-id' as evidence
    from check_results
    inner join messages
        on
            check_results.message_id = messages.message_id
            and check_results.host is not distinct from messages.host
    where
        check_results.queue_id is null
        and check_results.logged_at >= messages.queued_at
        and check_results.logged_at <= coalesce(messages.removed_at, 'infinity') + interval 1 minute
    group by check_results.check_key, check_results.check_name
),

-- A policy server is asked before there is a queue id. What was put off or refused then is no message
asked as (
    select
        *,
        lower(sender) as sender_name,
        lower(recipient) as recipient_name
    from check_results
    where
        queue_id is null
        and message_id is null
        and client_ip is not null
        and sender is not null
        and result <> 'greylisted'
        and not coalesce(regexp_matches(action, '^[45]'), false)
),

received as (
    select
        messages.message_key,
        messages.host,
        messages.client_ip,
        lower(messages.sender) as sender_name,
        messages.queued_at
    from messages
    where
        messages.client_ip is not null
        and messages.origin = 'smtp'
),

-- Of messages of the client's that the sender sent at that time, those to the recipient
fitting as (
    select
        asked.check_key,
        asked.check_name,
        received.message_key
    from asked
    inner join received
        on
            asked.client_ip = received.client_ip
            and asked.sender_name = received.sender_name
            and asked.host is not distinct from received.host
    where
        received.queued_at
        between asked.logged_at - interval 1 minute and asked.logged_at + interval 10 seconds
        and (
            asked.recipient is null
            or exists (
                select 1 from deliveries
                where
                    deliveries.message_key = received.message_key
                    and asked.recipient_name
                    in (lower(deliveries.recipient), lower(deliveries.orig_recipient))
            )
        )
),

met as (
    select
        check_key,
        check_name,
        case when count(*) = 1 then any_value(message_key) end as message_key,
        'client, sender and time' as evidence
    from fitting
    group by check_key, check_name
),

linked as (
    select * from named
    union all
    select * from identified
    union all
    select * from met
)

select
    check_results.check_key,
    check_results.check_key as line_key,
    linked.message_key,
    check_results.logged_at as checked_at,
    check_results.host,
    check_results.program,
    check_results.check_name,
    check_results.result,
    check_results.action,
    check_results.domain,
    check_results.score,
    check_results.threshold,
    check_results.waited_seconds,
    check_results.client_name,
    check_results.client_ip,
    check_results.sender,
    check_results.recipient,
    check_results.message_id,
    check_results.queue_id,
    check_results.text,
    case when linked.message_key is not null then linked.evidence end as evidence,
    check_results.occurrences
from check_results
left join linked
    on
        check_results.check_key = linked.check_key
        and check_results.check_name = linked.check_name
union all
-- Blocklists say it before a client may speak: there is no message yet
select
    rejections.rejection_key as check_key,
    rejections.rejection_key as line_key,
    null::bigint as message_key,
    rejections.logged_at as checked_at,
    rejections.host,
    rejections.daemon as program,
    'rbl' as check_name,
    'listed' as result,
    rejections.action,
    null as domain,
    try_cast(regexp_extract(rejections.content, '-?[0-9]+$') as double) as score,
    null::double as threshold,
    null::double as waited_seconds,
    rejections.client_name,
    rejections.client_ip,
    null as sender,
    null as recipient,
    null as message_id,
    null as queue_id,
    rejections.reason as text,
    null as evidence,
    rejections.occurrences
from rejections
where rejections.kind = 'postscreen_dnsbl';

comment on column message_checks.check_key is 'Its line; a line may tell several checks';
comment on column message_checks.line_key is 'The line that says it (log_lines)';
comment on column message_checks.message_key is
'The message (messages); NULL where that cannot be told without guessing, or there was none yet';
comment on column message_checks.checked_at is 'When';
comment on column message_checks.host is 'Host of the filter';
comment on column message_checks.program is 'The filter, as the line names it';
comment on column message_checks.check_name is
'spf, dkim, dmarc, arc, spam, virus, greylist, policy or rbl';
comment on column message_checks.result is
'pass, fail, softfail, neutral, none, temperror, permerror or signed of a proof of origin; clean, '
'spam or spammy; clean or infected; greylisted or passed; listed; else the word of the filter; '
'NULL where the line leaves it in doubt';
comment on column message_checks.action is
'What the filter did or asked for, where it says that: blocked, passed, reject, add header, ...';
comment on column message_checks.domain is
'Domain that was checked: signing, of the sender or HELO name, or in the From header';
comment on column message_checks.score is 'Score, or rank of a blocklist, where there is one';
comment on column message_checks.threshold is 'Score from which the filter acts';
comment on column message_checks.waited_seconds is
'How long greylisting held a client back before this passed';
comment on column message_checks.client_name is 'Name of the client, as the filter knows it';
comment on column message_checks.client_ip is 'Address of the client, where the filter names it';
comment on column message_checks.sender is 'Envelope sender, where the filter names it';
comment on column message_checks.recipient is 'Envelope recipient, where the filter names one';
comment on column message_checks.message_id is 'Message-ID, where the filter names it';
comment on column message_checks.queue_id is 'Queue id, where the filter names it';
comment on column message_checks.text is
'What else is said: name of the virus or file, reason of greylisting, rules that matched';
comment on column message_checks.evidence is
'What tells the message: queue id, message-id, or client, sender and time';
comment on column message_checks.occurrences is
'How many lines alike the row stands for: syslog may write only how often a line came';
