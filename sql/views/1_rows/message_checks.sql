-- One row per result of a check that a filter or Postfix told, and the message that it is about
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

-- The message-id is the sender's, who can copy it from a mail of somebody else: it counts if one mail alone
-- had it here at that time, and sender and client are its own too. What amavis stops without a queue id has
-- not been in the queue. Where it is not told who the client was, it is this host
identified as (
    select
        check_results.check_key,
        check_results.check_name,
        case
            when
                count(distinct messages.root_key) = 1
                and (any_value(check_results.sender) is null or count(messages.sender) > 0)
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
        and check_results.action is distinct from 'blocked'
        and (
            check_results.sender is null
            or messages.sender is null
            or lower(check_results.sender) = lower(messages.sender)
        )
        and (
            check_results.client_ip is null
            or regexp_matches(check_results.client_ip, '^(?:127\.|::1$)')
            or check_results.client_ip in (messages.client_ip, messages.orig_client_ip)
        )
        and check_results.logged_at >= messages.queued_at
        and check_results.logged_at <= coalesce(messages.removed_at, 'infinity') + interval 1 minute
    group by check_results.check_key, check_results.check_name
),

-- A policy server is asked before there is a queue id: of what the client was asked about, what the
-- message that it got in next is about
asked as (
    select
        check_results.*,
        coalesce(check_results.host, '') as host_name,
        lower(check_results.sender) as sender_name
    from check_results
    where
        check_results.queue_id is null
        and check_results.message_id is null
        and check_results.client_ip is not null
        and check_results.sender is not null
),

-- Of a mail that was refused its refusal alone names the sender
senders as (
    select
        message_key,
        any_value(sender) as sender
    from rejections
    where message_key is not null
    group by message_key
    having count(distinct sender) = 1
),

received as (
    select
        messages.message_key,
        messages.queued_at,
        coalesce(messages.host, '') as host_name,
        messages.client_ip,
        lower(coalesce(messages.sender, senders.sender)) as sender_name
    from messages
    left join senders on messages.message_key = senders.message_key
    semi join asked
        on
            messages.client_ip = asked.client_ip
            and coalesce(messages.host, '') = asked.host_name
            and lower(coalesce(messages.sender, senders.sender)) = asked.sender_name
    where messages.origin = 'smtp'
),

said as (
    select
        check_key as line_key,
        logged_at,
        host_name,
        client_ip,
        sender_name,
        null as message_key
    from asked
    union all
    select
        message_key as line_key,
        queued_at as logged_at,
        host_name,
        client_ip,
        sender_name,
        message_key
    from received
),

followed as (
    select
        said.*,
        first_value(said.message_key ignore nulls) over (
            partition by said.host_name, said.client_ip, said.sender_name
            order by said.logged_at, log_files.first_logged_at, said.line_key
            rows between current row and unbounded following
        ) as next_key
    from said
    left join log_files on said.line_key >> 32 = log_files.file_key
),

-- What was put off or refused is no message; of others the recipient, where it is named, is one of its
fitting as (
    select
        asked.check_key,
        asked.check_name,
        asked.program,
        lower(asked.recipient) as recipient_name,
        -- Of SPF: a policy server may ask about the HELO name and about the sender
        case asked.check_name when 'spf' then asked.text end as identity,
        messages.message_key,
        asked.result = 'greylisted' or coalesce(regexp_matches(asked.action, '^[45]'), false)
            as is_refused
    from followed
    inner join asked on followed.line_key = asked.check_key
    inner join messages on followed.next_key = messages.message_key
    where
        followed.message_key is null
        and messages.queued_at <= asked.logged_at + interval 10 seconds
        and (
            asked.recipient is null
            or exists (
                select 1 from deliveries
                where
                    deliveries.message_key = followed.next_key
                    and lower(asked.recipient)
                    in (lower(deliveries.recipient), lower(deliveries.orig_recipient))
            )
            or exists (
                select 1 from rejections
                where
                    rejections.message_key = followed.next_key
                    and lower(asked.recipient) = lower(rejections.recipient)
            )
        )
),

met as (
    select
        min(check_key) as check_key,
        check_name,
        message_key,
        'client, sender and time' as evidence
    from fitting
    where not is_refused
    group by check_name, program, recipient_name, identity, message_key
    having count(*) = 1
),

linked as (
    select * from named
    union all
    select * from identified
    union all
    select
        check_key,
        check_name,
        message_key,
        evidence
    from met
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
    check_results.is_certain,
    check_results.action,
    check_results.domain,
    check_results.score,
    check_results.threshold,
    check_results.waited_seconds,
    check_results.client_name,
    check_results.client_ip,
    coalesce(check_results.sender, messages.sender, senders.sender) as sender,
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
left join messages on linked.message_key = messages.message_key
left join senders on linked.message_key = senders.message_key
union all
-- Postfix itself tells what a greylist or a blocklist said, in the line of what it refused. Postscreen asks
-- blocklists before a client may speak: there is no message yet
select
    told.rejection_key as check_key,
    told.rejection_key as line_key,
    told.message_key,
    told.logged_at as checked_at,
    told.host,
    told.daemon as program,
    told.check_name,
    case told.check_name when 'rbl' then 'listed' else 'greylisted' end as result,
    true as is_certain,
    told.action,
    null as domain,
    case told.kind
        when 'postscreen_dnsbl' then try_cast(regexp_extract(told.content, '-?[0-9]+$') as double)
    end as score,
    null::double as threshold,
    null::double as waited_seconds,
    told.client_name,
    told.client_ip,
    told.sender,
    told.recipient,
    null as message_id,
    told.queue_id,
    told.reason as text,
    case when told.message_key is not null then 'queue id' end as evidence,
    told.occurrences
from (
    select
        *,
        case
            when kind = 'postscreen_dnsbl' then 'rbl'
            when is_greylisted(action, reply_code, dsn, reason) then 'greylist'
            when
                contains(reason, ' blocked using ')
                and checked(action, stage, reason) = 'blocklist'
                then 'rbl'
        end as check_name
    from rejections
) as told
where told.check_name is not null;

comment on column message_checks.check_key is 'Its line; a line may tell several checks';
comment on column message_checks.line_key is 'The line that says it (log_lines)';
comment on column message_checks.message_key is
'The message (messages); NULL where that cannot be told without guessing, or there was none yet';
comment on column message_checks.checked_at is 'When';
comment on column message_checks.host is 'Host of the filter, or of Postfix where that tells it';
comment on column message_checks.program is
'The filter, as the line names it; the daemon of Postfix where that tells it';
comment on column message_checks.check_name is
'spf, dkim, dmarc, arc, spam, virus, greylist, policy or rbl';
comment on column message_checks.result is
'pass, fail, softfail, neutral, none, temperror, permerror or signed of a proof of origin; clean, '
'spam or spammy; clean or infected; greylisted or passed; listed; else the word of the filter; '
'NULL where the line leaves it in doubt';
comment on column message_checks.is_certain is
'Whether nobody but the filter can have written the result: rspamd does not quote what the mail or '
'its DNS says, so a rule that stands behind such text may be the sender''s own';
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
comment on column message_checks.sender is
'Envelope sender, as the filter names it, else as the message or its refusal does';
comment on column message_checks.recipient is 'Envelope recipient, where the filter names one';
comment on column message_checks.message_id is 'Message-ID, where the filter names it';
comment on column message_checks.queue_id is 'Queue id, where the filter names it';
comment on column message_checks.text is
'What else is said: name of the virus or file, reason of greylisting, rules that matched, what SPF '
'is about (mailfrom or helo)';
comment on column message_checks.evidence is
'What tells the message: queue id, message-id, or client, sender and time';
comment on column message_checks.occurrences is
'How many lines alike the row stands for: syslog may write only how often a line came';
