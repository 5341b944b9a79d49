-- Where the mail that was handed on within the families at hand ended, recipient by recipient
delete from delivery_ends
where
    delivery_key in (
        select deliveries.delivery_key from deliveries
        semi join families on deliveries.message_key = families.message_key
    );

insert into delivery_ends by name
with recursive
-- The attempts for each recipient, by whichever alias, that were not made again
last_attempts as (
    select
        deliveries.message_key,
        deliveries.delivery_key,
        deliveries.agent,
        deliveries.status,
        deliveries.remote_queue_id,
        -- Only of a filter of one's own
        (deliveries.relay_ip is null or is_near(deliveries.relay_ip))
        and contains(deliveries.reply, ', but ')
        and filter_rest(deliveries.reply) is not null as is_for_some,
        lower(deliveries.recipient) as recipient,
        lower(coalesce(deliveries.orig_recipient, deliveries.recipient)) as orig_recipient
    from deliveries
    semi join families on deliveries.message_key = families.message_key
    left join file_ranks on deliveries.delivery_key >> 32 = file_ranks.file_key
    qualify
        not is_deferral(deliveries.status)
        or row_number() over (
            partition by deliveries.message_key, deliveries.recipient, deliveries.orig_recipient
            order by
                line_position(
                    deliveries.logged_at, file_ranks.file_rank, deliveries.delivery_key
                ) desc
        ) = 1
),

-- Which message an attempt handed its mail on to
handed as (
    select
        last_attempts.delivery_key,
        last_attempts.recipient,
        last_attempts.is_for_some,
        message_links.child_key,
        message_links.reason,
        coalesce(last_attempts.remote_queue_id = message_links.child_queue_id, false) as is_named
    from last_attempts
    inner join message_links on last_attempts.message_key = message_links.parent_key
    where
        case
            when message_links.reason = 'requeue' then is_deferral(last_attempts.status)
            when last_attempts.status <> 'sent' then false
            when message_links.reason in ('forward', 'next hop')
                then last_attempts.remote_queue_id = message_links.child_queue_id
            when message_links.reason <> 'filter' then false
            -- Not every filter answers with the queue id that the mail came back with, and some
            -- split it
            else message_links.evidence <> 'message-id' or last_attempts.agent = 'pipe'
        end
),

-- The attempts there for the same recipient; of a mail forwarded, all. Where no message that came back
-- has one, the one that was named, or all. If then the filter says that it did not give the mail back for
-- all, and what it gave back has been worked off, that is its last word on this recipient
hops as (
    select
        handed.delivery_key,
        handed.child_key,
        last_attempts.delivery_key as next_delivery_key,
        case
            when
                last_attempts.delivery_key is null
                and handed.is_for_some
                and messages.end_reason = 'removed'
                then handed.delivery_key
        end as last_word_key
    from handed
    inner join messages on handed.child_key = messages.message_key
    left join last_attempts
        on
            handed.child_key = last_attempts.message_key
            and (
                handed.reason = 'forward'
                or handed.recipient in (last_attempts.recipient, last_attempts.orig_recipient)
            )
    qualify
        rank() over (
            partition by handed.delivery_key
            order by (last_attempts.delivery_key is not null) desc, handed.is_named desc
        ) = 1
),

ways as (
    select
        delivery_key,
        child_key as end_message_key,
        next_delivery_key as end_delivery_key,
        last_word_key,
        1 as hop_count
    from hops
    union
    select
        ways.delivery_key,
        hops.child_key as end_message_key,
        hops.next_delivery_key as end_delivery_key,
        hops.last_word_key,
        ways.hop_count + 1 as hop_count
    from ways
    inner join hops on ways.end_delivery_key = hops.delivery_key
    -- Postfix gives up a mail that loops (hopcount_limit)
    where ways.hop_count < 50
)

select distinct
    delivery_key,
    end_message_key,
    coalesce(end_delivery_key, last_word_key) as end_delivery_key
from ways
where
    end_delivery_key is null
    or end_delivery_key not in (select hops.delivery_key from hops)
order by all;
