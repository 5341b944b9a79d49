-- One row per delivery attempt: what became of the recipient, seen from outside this mail system
create or replace view delivery_outcomes as
-- A content filter that gives the mail back is no destination
with filtered as (
    select distinct
        parent_key,
        child_queue_id
    from message_links
    where reason = 'filter' and evidence <> 'message-id'
),

-- What tells no queue id: by the message alone
unnamed as (
    select
        parent_key,
        bool_or(evidence = 'message-id') as is_piped,
        bool_or(evidence <> 'message-id') as is_returned
    from message_links
    where reason = 'filter'
    group by parent_key
)

select
    deliveries.delivery_key,
    deliveries.message_key,
    deliveries.logged_at,
    deliveries.host,
    deliveries.agent,
    deliveries.recipient,
    deliveries.relay_name,
    deliveries.delay_seconds,
    deliveries.dsn,
    deliveries.reply,
    case
        when
            deliveries.status = 'sent'
            and (
                filtered.parent_key is not null
                or (unnamed.is_piped and deliveries.agent = 'pipe')
                or (unnamed.is_returned and deliveries.remote_queue_id is null)
            )
            then 'filtered'
        else deliveries.own_outcome
    end as outcome
from deliveries
left join filtered
    on
        deliveries.message_key = filtered.parent_key
        and deliveries.remote_queue_id = filtered.child_queue_id
left join unnamed on deliveries.message_key = unnamed.parent_key;

comment on column delivery_outcomes.delivery_key is 'The attempt (deliveries)';
comment on column delivery_outcomes.message_key is 'The message (messages)';
comment on column delivery_outcomes.logged_at is 'When the attempt ended';
comment on column delivery_outcomes.host is 'Mail server that delivered';
comment on column delivery_outcomes.agent is 'As in deliveries';
comment on column delivery_outcomes.recipient is 'Envelope recipient after rewriting';
comment on column delivery_outcomes.relay_name is 'As in deliveries';
comment on column delivery_outcomes.delay_seconds is 'From arrival to the end of this attempt';
comment on column delivery_outcomes.dsn is 'Enhanced status code (RFC 3463)';
comment on column delivery_outcomes.reply is 'The remote reply or the reason';
comment on column delivery_outcomes.outcome is
'stored in mailbox, relayed or delivered; forwarded, filtered (a content filter gives it back) or '
'discarded; deferred or bounced; probed (an address was only verified)';
