-- One row per message of the export: those named in the period, and their whole families (bounces,
-- forwards, copies of filters). Portions are of keys in order, messages_in_portion in each; all are one
-- where that variable is not set
create or replace temp table chosen_messages as
with families as (
    select distinct coalesce(messages.root_key, messages.message_key) as root_key
    from messages
    inner join named_messages on messages.message_key = named_messages.message_key
    where named_messages.is_in_period
)

select
    messages.message_key,
    coalesce(named_messages.is_in_period, false) as is_named,
    coalesce(
        (row_number() over (order by messages.message_key) - 1)
        // getvariable('messages_in_portion')::bigint,
        0
    ) as portion
from messages
semi join families on coalesce(messages.root_key, messages.message_key) = families.root_key
left join named_messages on messages.message_key = named_messages.message_key;
