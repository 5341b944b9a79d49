-- Where the messages at hand come from, as far as other lines than their own tell it
update messages
set origin = told.origin
from (
    select
        messages.message_key,
        case
            when message_links.reason in ('filter', 'forward', 'requeue')
                then message_links.reason
            when messages.birth_kind = 'pickup' and messages.orig_queue_id is not null
                then 'requeue'
            when messages.birth_kind is not null then own_origin(messages.birth_kind)
            when message_links.reason <> 'next hop' then message_links.reason
            when probes.message_key is not null then 'probe'
            when starts_with(messages.sender, 'double-bounce@') then 'postmaster notice'
        end as origin
    from messages
    semi join related_messages on messages.message_key = related_messages.message_key
    left join message_links on messages.message_key = message_links.child_key
    left join (
        select distinct deliveries.message_key from deliveries
        semi join related_messages on deliveries.message_key = related_messages.message_key
        where is_probe(deliveries.status)
    ) as probes on messages.message_key = probes.message_key
    -- Their own line says all of the others
    where
        messages.birth_kind is null
        or messages.orig_queue_id is not null
        or message_links.child_key is not null
        or messages.origin <> own_origin(messages.birth_kind)
) as told
where
    messages.message_key = told.message_key
    and messages.origin is distinct from told.origin;
