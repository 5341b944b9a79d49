-- What filters said of some messages: message_checks of those keys. The view is read with those checks and
-- messages in the place of all that may be mistaken for each other: by queue id, message-id, or client and sender
-- noqa: disable=ST03
create or replace macro checks_of(message_keys) as table
with named as (
    select
        messages.queue_id,
        messages.message_id,
        messages.client_ip,
        lower(coalesce(messages.sender, rejections.sender)) as sender
    from main.messages
    left join main.rejections on messages.message_key = rejections.message_key
    where messages.message_key in (select unnest(message_keys))
),

messages as (
    select * from main.messages
    where
        queue_id in (select named.queue_id from named)
        or message_id in (select named.message_id from named)
        or (
            client_ip in (select named.client_ip from named)
            and (sender is null or lower(sender) in (select named.sender from named))
        )
),

check_results as (
    select * from main.check_results
    where
        queue_id in (select named.queue_id from named)
        or message_id in (select named.message_id from named)
        or (
            client_ip in (select named.client_ip from named)
            and lower(sender) in (select named.sender from named)
        )
),

deliveries as (
    select deliveries.* from main.deliveries
    semi join messages on deliveries.message_key = messages.message_key
),

rejections as (
    select rejections.* from main.rejections
    semi join messages on rejections.message_key = messages.message_key
),

message_checks as (
    select * from text_of.message_checks
)

select * from message_checks
where message_key in (select unnest(message_keys));
