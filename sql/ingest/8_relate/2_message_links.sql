-- The parents of the messages at hand, found again
delete from message_links
where child_queue_id in (select queue_id from related_ids);

insert into message_links by name
with children as (
    select messages.* from messages
    semi join related_ids on messages.queue_id = related_ids.queue_id
),

noticed as (
    select
        queue_events.message_key as parent_key,
        children.message_key as child_key,
        queue_events.relation as reason,
        'notification' as evidence,
        queue_events.event_key as link_key,
        parents.queue_id as parent_queue_id,
        children.queue_id as child_queue_id,
        abs(epoch_us(children.queued_at) - epoch_us(queue_events.logged_at)) as distance
    from queue_events
    inner join children on queue_events.related_queue_id = children.queue_id
    inner join messages as parents on queue_events.message_key = parents.message_key
    where
        parents.host is not distinct from children.host
        and parents.instance = children.instance
        and children.birth_kind is null
        and children.queued_at between
        queue_events.logged_at - notice_delay() and queue_events.logged_at + notice_delay()
),

passed_on as (
    select
        deliveries.message_key as parent_key,
        children.message_key as child_key,
        case
            when deliveries.agent = 'local' then 'forward'
            when
                parents.host is not distinct from children.host
                and parents.instance = children.instance
                then 'filter'
            else 'next hop'
        end as reason,
        case when deliveries.agent = 'local' then 'forwarded as' else 'queued as' end as evidence,
        deliveries.delivery_key as link_key,
        parents.queue_id as parent_queue_id,
        children.queue_id as child_queue_id,
        abs(epoch_us(children.queued_at) - epoch_us(deliveries.logged_at)) as distance
    from deliveries
    inner join children on deliveries.remote_queue_id = children.queue_id
    inner join messages as parents on deliveries.message_key = parents.message_key
    where
        parents.message_key <> children.message_key
        and case
            when deliveries.agent = 'local' then
                parents.host is not distinct from children.host
                and parents.instance = children.instance
                and children.birth_kind is null
            else
                children.birth_kind = 'smtpd_client'
                and coalesce(parents.message_id = children.message_id, true)
        end
        and children.queued_at between
        deliveries.logged_at - transfer_time() and deliveries.logged_at + notice_delay()
),

returned as (
    select
        parents.message_key as parent_key,
        children.message_key as child_key,
        case when children.birth_kind = 'pickup' then 'requeue' else 'filter' end as reason,
        'orig_queue_id' as evidence,
        children.message_key as link_key,
        parents.queue_id as parent_queue_id,
        children.queue_id as child_queue_id,
        -- A message of the same host before all others
        epoch_us(children.queued_at) - epoch_us(parents.queued_at)
        + case
            when parents.host is not distinct from children.host then 0
            else epoch_us(queue_silence())
        end as distance
    from children
    inner join messages as parents on children.orig_queue_id = parents.queue_id
    where
        parents.queued_at <= children.queued_at
        and children.queued_at
        <= coalesce(parents.removed_at + removal_grace(), parents.queued_at + queue_silence())
        and (
            children.birth_kind <> 'pickup'
            or (
                parents.host is not distinct from children.host
                and parents.instance = children.instance
            )
        )
),

-- A filter that hands mail back through sendmail names no queue id
handed_back as (
    select
        parents.message_key as parent_key,
        children.message_key as child_key,
        'filter' as reason,
        'message-id' as evidence,
        children.message_key as link_key,
        parents.queue_id as parent_queue_id,
        children.queue_id as child_queue_id,
        abs(epoch_us(children.queued_at) - epoch_us(deliveries.logged_at)) as distance
    from children
    inner join messages as parents
        on children.message_id = parents.message_id and children.message_key <> parents.message_key
    inner join deliveries on parents.message_key = deliveries.message_key
    where
        children.birth_kind = 'pickup'
        and children.orig_queue_id is null
        and parents.host is not distinct from children.host
        and deliveries.agent = 'pipe'
        and deliveries.status = 'sent'
        and children.queued_at between
        deliveries.logged_at - transfer_time() and deliveries.logged_at + removal_grace()
        and parents.queued_at <= children.queued_at
),

candidates as (
    select * from noticed
    union all
    select * from passed_on
    union all
    select * from returned
    union all
    select * from handed_back
),

-- Of several lives of one queue id the nearest is meant, and a child has one parent: the most
-- explicit line tells it
nearest as (
    select * from candidates
    qualify row_number() over (
        partition by link_key, evidence
        order by distance asc, child_key asc, parent_key asc
    ) = 1
)

select * exclude (distance)
from nearest
qualify row_number() over (
    partition by child_key
    order by
        list_position(
            ['orig_queue_id', 'notification', 'forwarded as', 'queued as', 'message-id'], evidence
        ) asc,
        distance asc,
        link_key asc
) = 1
order by link_key;
