-- Lines of a message that name another queue id
create or replace temp table mentions as
with naming as (
    select
        queue_events.message_key,
        queue_events.event_key as line_key,
        queue_events.logged_at,
        queue_events.related_queue_id as queue_id,
        queue_events.relation,
        false as is_near,
        case queue_events.relation when 'filter' then 'requeued to' else 'notification' end
            as evidence
    from queue_events
    semi join related_ids on queue_events.related_queue_id = related_ids.queue_id
    union all
    select
        deliveries.message_key,
        deliveries.delivery_key as line_key,
        deliveries.logged_at,
        deliveries.remote_queue_id as queue_id,
        case when deliveries.agent = 'local' then 'forward' end as relation,
        is_near(deliveries.relay_ip) as is_near,
        case when deliveries.agent = 'local' then 'forwarded as' else 'queued as' end as evidence
    from deliveries
    semi join related_ids on deliveries.remote_queue_id = related_ids.queue_id
)

select
    naming.*,
    parents.host,
    parents.instance,
    parents.queue_id as parent_queue_id,
    parents.message_id
from naming
inner join messages as parents on naming.message_key = parents.message_key;

-- The messages at hand that may have a parent: no line gave their queue id out, or another line
-- names it or the one before, or a program handed them in
create or replace temp table child_messages as
select
    messages.message_key,
    messages.host,
    messages.instance,
    messages.queue_id,
    messages.birth_kind,
    messages.message_id,
    messages.orig_queue_id,
    messages.queued_at
from messages
semi join related_messages on messages.message_key = related_messages.message_key
where
    messages.birth_kind is null
    or messages.birth_kind = 'pickup'
    or messages.orig_queue_id is not null
    or messages.queue_id in (select mentions.queue_id from mentions);

-- Mail that a filter may have handed back through sendmail, which names no queue id
create or replace temp table piped_messages as
select
    messages.message_key,
    messages.host,
    messages.queue_id,
    messages.message_id,
    messages.queued_at,
    deliveries.recipient,
    deliveries.logged_at
from deliveries
inner join messages on deliveries.message_key = messages.message_key
where
    deliveries.agent = 'pipe'
    and deliveries.status = 'sent'
    and messages.message_id in (
        select message_id from child_messages
        where birth_kind = 'pickup' and orig_queue_id is null
    );

-- When mail was handed in that Sieve may have sent on
set variable handed_in_since = (
    select min(queued_at) - removal_grace() from child_messages
    where birth_kind = 'pickup' and orig_queue_id is null
);

set variable handed_in_until = (
    select max(queued_at) + removal_grace() from child_messages
    where birth_kind = 'pickup' and orig_queue_id is null
);

-- What Sieve says of it
create or replace temp table redirects as
select
    mailbox_delivery_key as line_key,
    logged_at,
    host,
    message_id,
    session_id,
    username,
    user_key(username) as user_key,
    lower(target) as target
from mailbox_deliveries
where
    action = 'forwarded'
    and logged_at between getvariable('handed_in_since') and getvariable('handed_in_until')
    and message_id in (
        select message_id from child_messages
        where birth_kind = 'pickup' and orig_queue_id is null
    );

-- Mail with its Message-ID: that which came, and that which was sent on
create or replace temp table redirect_messages as
select
    message_key,
    host,
    queue_id,
    message_id,
    queued_at
from messages
where message_id in (select message_id from redirects);

-- The names of one machine in both
create or replace temp table redirect_machines as
select
    message_hosts.host,
    mailbox_hosts.host as mailbox_host
from (select distinct host from redirect_messages) as message_hosts
inner join (select distinct host from redirects) as mailbox_hosts
    on is_same_machine(message_hosts.host, mailbox_hosts.host);

-- Which mail each such line speaks of: the one whose delivery to that user, or in that transaction,
-- is told nearest to it. Many mails may have one Message-ID, so that only neighbours are compared
create or replace temp table redirected_messages as
with deliveries_in as (
    select
        redirect_messages.*,
        deliveries.logged_at,
        deliveries.agent,
        deliveries.remote_session_id,
        deliveries.recipient
    from deliveries
    inner join redirect_messages on deliveries.message_key = redirect_messages.message_key
    where
        deliveries.agent in ('lmtp', 'pipe', 'local', 'virtual')
        and deliveries.logged_at
        between getvariable('handed_in_since') - removal_grace()
        and getvariable('handed_in_until') + removal_grace()
),

with_clue as (
    select
        deliveries_in.*,
        struct_pack(session_id := remote_session_id, host := '', user_key := '') as clue
    from deliveries_in
    where agent = 'lmtp' and remote_session_id is not null
    union all
    select
        deliveries_in.*,
        struct_pack(
            session_id := '',
            host := coalesce(redirect_machines.mailbox_host, ''),
            user_key := unnest(list_distinct(user_keys(deliveries_in.recipient)))
        ) as clue
    from deliveries_in
    inner join redirect_machines on deliveries_in.host is not distinct from redirect_machines.host
),

attempts as (
    select * from with_clue
    qualify row_number() over (
        partition by message_id, clue, logged_at
        order by queue_id asc, host asc, queued_at asc
    ) = 1
),

clues as (
    select
        *,
        struct_pack(session_id := session_id, host := '', user_key := '') as clue
    from redirects
    where session_id is not null
    union all
    select
        *,
        struct_pack(session_id := '', host := coalesce(host, ''), user_key := user_key) as clue
    from redirects
    where user_key is not null
),

neighbours as (
    select
        clues.line_key,
        attempts.message_key,
        attempts.logged_at as answered_at
    from clues
    asof inner join attempts
        on
            clues.message_id = attempts.message_id
            and clues.clue = attempts.clue
            and clues.logged_at <= attempts.logged_at
    union all
    select
        clues.line_key,
        attempts.message_key,
        attempts.logged_at as answered_at
    from clues
    asof inner join attempts
        on
            clues.message_id = attempts.message_id
            and clues.clue = attempts.clue
            and clues.logged_at > attempts.logged_at
)

select
    redirect_messages.*,
    redirects.line_key,
    redirects.host as mailbox_host,
    redirects.logged_at,
    redirects.username,
    redirects.target,
    abs(epoch_us(neighbours.answered_at) - epoch_us(redirects.logged_at)) as distance
from neighbours
inner join redirects on neighbours.line_key = redirects.line_key
inner join redirect_messages on neighbours.message_key = redirect_messages.message_key
where
    neighbours.answered_at
    between redirects.logged_at - removal_grace() and redirects.logged_at + removal_grace()
qualify row_number() over (
    partition by redirects.line_key
    -- Sieve speaks before the delivery is answered
    order by
        distance asc,
        neighbours.answered_at desc,
        redirect_messages.queue_id asc,
        redirect_messages.host asc,
        redirect_messages.queued_at asc
) = 1;

-- Their parents, found again
insert into former_parents
select parent_key from message_links
where child_queue_id in (select queue_id from related_ids);

delete from message_links
where child_queue_id in (select queue_id from related_ids);

insert into message_links by name
with named_pairs as (
    select
        mentions.*,
        children.message_key as child_key,
        children.queue_id as child_queue_id,
        children.host as child_host,
        children.birth_kind,
        children.message_id as child_message_id,
        children.queued_at,
        is_same_machine(mentions.host, children.host) as is_same_machine,
        is_same_machine and mentions.instance = children.instance as is_same_queue
    from mentions
    inner join child_messages as children on mentions.queue_id = children.queue_id
    where
        mentions.message_key <> children.message_key
        and children.queued_at >= mentions.logged_at - transfer_time()
        and children.queued_at <= mentions.logged_at + notice_delay()
),

named as (
    select
        message_key as parent_key,
        child_key,
        coalesce(relation, case when is_same_queue then 'filter' else 'next hop' end) as reason,
        case
            when relation is not null or message_id = child_message_id then evidence
            else 'queued as, at that time'
        end as evidence,
        line_key as link_key,
        logged_at as linked_at,
        parent_queue_id,
        child_queue_id,
        host as parent_host,
        child_host,
        -- A message of the same host before all others
        abs(epoch_us(queued_at) - epoch_us(logged_at))
        + (not is_same_machine)::bigint * epoch_us('epoch'::timestamptz + queue_silence())
            as distance
    from named_pairs
    where
        case
            -- A message of the same queue, which no client or user gave
            when relation is not null then
                is_same_queue
                and birth_kind is null
                and queued_at >= logged_at - notice_delay()
            when birth_kind = 'smtpd_client' and message_id = child_message_id then true
            -- A filter of this host names the id, and no line that tells more is there
            else
                is_same_machine
                and is_near
                and coalesce(birth_kind, 'smtpd_client') = 'smtpd_client'
                and coalesce(message_id = child_message_id, true)
        end
),

origin_pairs as (
    select
        children.message_key as child_key,
        children.queue_id as child_queue_id,
        children.birth_kind,
        children.queued_at,
        parents.message_key as parent_key,
        parents.queue_id as parent_queue_id,
        parents.queued_at as parent_queued_at,
        parents.host as parent_host,
        children.host as child_host,
        is_same_machine(parents.host, children.host) as is_same_host,
        parents.instance = children.instance as is_same_instance,
        parents.end_reason = 'requeued' as is_requeued
    from child_messages as children
    inner join messages as parents on children.orig_queue_id = parents.queue_id
    where
        parents.message_key <> children.message_key
        and parents.queued_at <= children.queued_at
        and children.queued_at <= coalesce(parents.removed_at, parents.queued_at) + queue_silence()
        and coalesce(parents.message_id = children.message_id, true)
),

returned as (
    select
        parent_key,
        child_key,
        case when birth_kind = 'pickup' then 'requeue' else 'filter' end as reason,
        'orig_queue_id' as evidence,
        child_key as link_key,
        queued_at as linked_at,
        parent_queue_id,
        child_queue_id,
        parent_host,
        child_host,
        -- A message of the same host before all others
        epoch_us(queued_at) - epoch_us(parent_queued_at)
        + (not is_same_host)::bigint * epoch_us('epoch'::timestamptz + queue_silence())
            as distance
    from origin_pairs
    where birth_kind <> 'pickup' or (is_same_host and is_same_instance and is_requeued)
),

handed_back as (
    select
        piped_messages.message_key as parent_key,
        children.message_key as child_key,
        'filter' as reason,
        'message-id' as evidence,
        children.message_key as link_key,
        children.queued_at as linked_at,
        piped_messages.queue_id as parent_queue_id,
        children.queue_id as child_queue_id,
        piped_messages.host as parent_host,
        children.host as child_host,
        abs(epoch_us(children.queued_at) - epoch_us(piped_messages.logged_at)) as distance
    from piped_messages
    inner join child_messages as children on piped_messages.message_id = children.message_id
    where
        children.birth_kind = 'pickup'
        and children.orig_queue_id is null
        and piped_messages.message_key <> children.message_key
        and is_same_machine(piped_messages.host, children.host)
        and piped_messages.queued_at <= children.queued_at
        and children.queued_at between
        piped_messages.logged_at - transfer_time() and piped_messages.logged_at + removal_grace()
        -- A redirect to somebody else is none
        and exists(
            from deliveries
            where
                deliveries.message_key = children.message_key
                and piped_messages.recipient in (deliveries.recipient, deliveries.orig_recipient)
        )
),

sent_on_to as (
    select distinct
        children.message_key,
        children.host,
        children.queue_id,
        children.message_id,
        children.queued_at,
        redirect_machines.mailbox_host,
        unnest([lower(deliveries.recipient), lower(deliveries.orig_recipient)]) as target
    from child_messages as children
    inner join redirect_machines on children.host is not distinct from redirect_machines.host
    inner join deliveries on children.message_key = deliveries.message_key
    where
        children.birth_kind = 'pickup'
        and children.orig_queue_id is null
        and children.message_id in (select message_id from redirected_messages)
),

redirected as (
    select
        *,
        coalesce(mailbox_host, '') as machine
    from redirected_messages
    qualify row_number() over (
        partition by message_id, mailbox_host, target, logged_at
        order by distance asc, queue_id asc, host asc, username asc, line_key asc
    ) = 1
),

sent_on_pairs as (
    select
        redirected.*,
        children
    from sent_on_to as children
    asof inner join redirected
        on
            children.message_id = redirected.message_id
            and children.target = redirected.target
            and coalesce(children.mailbox_host, '') = redirected.machine
            and children.queued_at >= redirected.logged_at
    union all
    select
        redirected.*,
        children
    from sent_on_to as children
    asof inner join redirected
        on
            children.message_id = redirected.message_id
            and children.target = redirected.target
            and coalesce(children.mailbox_host, '') = redirected.machine
            and children.queued_at < redirected.logged_at
),

sent_on as (
    select
        message_key as parent_key,
        children.message_key as child_key,
        'forward' as reason,
        'sieve redirect' as evidence,
        line_key as link_key,
        logged_at as linked_at,
        queue_id as parent_queue_id,
        children.queue_id as child_queue_id,
        host as parent_host,
        children.host as child_host,
        abs(epoch_us(children.queued_at) - epoch_us(logged_at)) + distance as distance
    from sent_on_pairs
    where
        message_key <> children.message_key
        and queued_at <= children.queued_at
        and children.queued_at
        between logged_at - removal_grace() and logged_at + removal_grace()
),

candidates as (
    select * from named
    union all
    select * from returned
    union all
    select * from handed_back
    union all
    select * from sent_on
),

-- Of several lives of one queue id the nearest is meant; of equal ones not that which was loaded first
nearest as (
    select * from candidates
    qualify row_number() over (
        -- Sieve names no queue id, so that each message finds its line by itself
        partition by link_key, evidence, case when evidence = 'sieve redirect' then child_key end
        order by
            distance asc,
            child_host asc,
            parent_host asc,
            child_queue_id asc,
            parent_queue_id asc,
            child_key asc,
            parent_key asc
    ) = 1
)

-- A message has one parent: the most explicit line tells it, of equal ones the earliest
select * exclude (distance, parent_host, child_host, linked_at)
from nearest
qualify row_number() over (
    partition by child_key
    order by
        list_position(
            [
                'orig_queue_id', 'notification', 'requeued to', 'forwarded as', 'queued as',
                'sieve redirect', 'message-id', 'queued as, at that time'
            ],
            evidence
        ) asc,
        distance asc,
        parent_queue_id asc,
        linked_at asc,
        link_key asc
) = 1
order by link_key;
