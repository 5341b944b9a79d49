-- What became of each recipient of some messages: recipient_outcomes of those keys alone, as flow_of
-- is of message_flow
-- noqa: disable=ST03
create or replace macro recipients_of(message_keys) as table
with keys as (
    select unnest(message_keys) as message_key
),

reached as (
    select message_key from keys
    union
    select delivery_ends.end_message_key as message_key
    from delivery_ends
    inner join main.deliveries on delivery_ends.delivery_key = deliveries.delivery_key
    semi join keys on deliveries.message_key = keys.message_key
),

deliveries as (
    select deliveries.* from main.deliveries
    semi join reached on deliveries.message_key = reached.message_key
),

recipient_ends as (
    select * from text_of.recipient_ends
),

recipient_outcomes as (
    select * from text_of.recipient_outcomes
)

select recipient_outcomes.* from recipient_outcomes
semi join keys on recipient_outcomes.message_key = keys.message_key
order by recipient_outcomes.message_key asc, recipient_outcomes.recipient asc;
