-- One row per step of a message's way from the mail transfer agent on: mailbox, filter, mail program
create or replace view mailbox_steps as
with stored as (
    select
        mailbox_delivery_links.message_key,
        messages.queue_id,
        mailbox_deliveries.*
    from mailbox_delivery_links
    inner join messages on mailbox_delivery_links.message_key = messages.message_key
    inner join mailbox_deliveries
        on mailbox_delivery_links.mailbox_delivery_key = mailbox_deliveries.mailbox_delivery_key
),

-- A user is named by the whole address or, without domain, by its local part. Whoever reads this
-- gives message_key and queue_id on from here: only a filter that all readers share goes below
handed as (
    select
        deliveries.message_key,
        deliveries.queue_id,
        deliveries.logged_at,
        unnest(user_keys(deliveries.recipient)) as user_key
    from deliveries
    where
        -- One condition: a second one would keep a reader's filter from the scan
        case deliveries.status when 'sent' then deliveries.agent end
        in ('local', 'virtual', 'lmtp', 'pipe')
    union
    select
        stored.message_key,
        stored.queue_id,
        stored.logged_at,
        user_key(stored.username) as user_key
    from stored
    where stored.action = 'stored'
),

-- Where the mailbox server says that it stored nothing for a user, its word counts
unstored as (
    select
        message_key,
        unnest([user_key(username), split_part(user_key(username), '@', 1) || '@']) as user_key
    from stored
    group by message_key, username
    having not bool_or(action = 'stored')
),

delivered as (
    select handed.* from handed
    anti join unstored
        on handed.message_key = unstored.message_key and handed.user_key = unstored.user_key
),

sessions as (
    select
        user_key(username) as user_key,
        'pop3_logout' as kind,
        session_key,
        -- It sees the mailbox as it was when it began
        coalesce(login_at, logout_at) as last_look_at
    from pop3_sessions
    where retr_count > 0 and logout_at is not null
    union all
    select
        user_key(username) as user_key,
        'imap_logout' as kind,
        session_key,
        logout_at as last_look_at
    from imap_sessions
    where body_count > 0 and logout_at is not null
),

-- Narrow, for all sessions are sorted: the rest is looked up. Of those that began in the same second
-- the first in the log, or the engine takes any of them
fetching as (
    select
        user_key,
        kind,
        last_look_at,
        min(session_key) as session_key
    from sessions
    group by user_key, kind, last_look_at
),

awaited as (
    select
        *,
        unnest(['pop3_logout', 'imap_logout']) as kind
    from delivered
),

-- The first session of the recipient, by each protocol, that fetched mail after the delivery
fetches as (
    -- The queue id, so that a filter on it goes below
    select distinct on (awaited.message_key, awaited.queue_id, fetching.session_key)
        awaited.message_key,
        awaited.queue_id,
        fetching.kind,
        fetching.session_key
    from awaited
    asof inner join fetching
        on
            awaited.user_key = fetching.user_key
            and awaited.kind = fetching.kind
            and awaited.logged_at <= fetching.last_look_at
),

fetched as (
    select
        fetches.message_key,
        fetches.queue_id,
        fetches.kind,
        coalesce(pop3_sessions.logout_key, imap_sessions.logout_key) as logout_key,
        coalesce(pop3_sessions.logout_at, imap_sessions.logout_at) as logout_at,
        coalesce(pop3_sessions.host, imap_sessions.host) as host,
        coalesce(pop3_sessions.username, imap_sessions.username) as username,
        coalesce(pop3_sessions.client_ip, imap_sessions.client_ip) as client_ip,
        coalesce(pop3_sessions.retr_count, imap_sessions.body_count) as fetched_count,
        coalesce(pop3_sessions.retr_bytes, imap_sessions.body_bytes) as fetched_bytes,
        pop3_sessions.deleted_count,
        pop3_sessions.mailbox_count
    from fetches
    left join pop3_sessions on fetches.session_key = pop3_sessions.session_key
    left join imap_sessions on fetches.session_key = imap_sessions.session_key
),

-- What happened to the message in the mailbox, where a line names it
changes as (
    select distinct on (handed.message_key, handed.queue_id, mailbox_events.mailbox_event_key)
        handed.message_key,
        handed.queue_id,
        mailbox_events.*
    from messages
    inner join handed on messages.message_key = handed.message_key
    inner join mailbox_events
        on
            messages.message_id = mailbox_events.message_id
            and handed.user_key = user_key(mailbox_events.username)
    where
        mailbox_events.logged_at >= handed.logged_at - interval 5 minutes
        and mailbox_events.service not in ('lmtp', 'lda', 'deliver')
)

select
    submitted.message_key,
    submitted.queue_id,
    submissions.logged_at,
    'submission_relayed' as kind,
    null as outcome,
    map {'username': submissions.username, 'reply': submissions.reply} as facts,
    submissions.host,
    submissions.submission_key as line_key
from submissions
inner join messages as submitted on submissions.queue_id = submitted.queue_id
where
    submissions.logged_at
    between submitted.queued_at - interval 1 minute and submitted.queued_at + interval 1 hour
union all
select
    message_key,
    queue_id,
    logged_at,
    case
        when is_sieve then 'sieve_action'
        when mailbox is null and target is not null then 'lmtp_proxied'
        else 'mailbox_save'
    end as kind,
    case when action = 'stored' then 'stored in mailbox' else action end as outcome,
    map {
        'username': username,
        'text': text,
        'action_en': sentence(
            mailbox_action(action, 'en'), map {'mailbox': mailbox, 'target': target}
        ),
        'action_ja': sentence(
            mailbox_action(action, 'ja'), map {'mailbox': mailbox, 'target': target}
        )
    } as facts,
    host,
    mailbox_delivery_key as line_key
from stored
union all
select
    message_key,
    queue_id,
    logged_at,
    'mailbox_event' as kind,
    event as outcome,
    map {
        'username': username,
        'service': service,
        'event': event,
        'event_ja': mailbox_event_ja(event),
        'mailbox': mailbox,
        'source': source,
        'flags': flags
    } as facts,
    host,
    mailbox_event_key as line_key
from changes
union all
select
    message_key,
    queue_id,
    logout_at as logged_at,
    kind,
    null as outcome,
    map {
        'username': username,
        'client_ip': client_ip,
        'retr_count': fetched_count::varchar,
        'retr_bytes': fetched_bytes::varchar,
        'deleted_count': deleted_count::varchar,
        'mailbox_count': mailbox_count::varchar
    } as facts,
    host,
    logout_key as line_key
from fetched;

comment on column mailbox_steps.message_key is 'The message (messages)';
comment on column mailbox_steps.queue_id is 'Its queue id';
comment on column mailbox_steps.logged_at is 'When';
comment on column mailbox_steps.kind is 'Kind of the line (line_kinds)';
comment on column mailbox_steps.outcome is 'Name of the step where its kind does not tell it';
comment on column mailbox_steps.facts is 'What fills the places of the sentence in line_kinds';
comment on column mailbox_steps.host is 'Server';
comment on column mailbox_steps.line_key is 'The line that says it (log_lines)';
