-- The steps of some messages: message_flow of those keys alone. Its views are read with these messages
-- in the place of all (text_of.VIEW stands for a view's text), for a semi join does not go below a
-- union
-- noqa: disable=ST03
create or replace macro flow_of(message_keys) as table
with keys as (
    select unnest(message_keys) as message_key
),

messages as (
    select messages.* from main.messages
    semi join keys on messages.message_key = keys.message_key
),

deliveries as (
    select deliveries.* from main.deliveries
    semi join keys on deliveries.message_key = keys.message_key
),

message_checks as (
    select * from checks_of(message_keys)
),

mailbox_steps as (
    select * from text_of.mailbox_steps
),

message_steps as (
    select * from text_of.message_steps
),

message_flow as (
    select * from text_of.message_flow
)

select * from message_flow;
