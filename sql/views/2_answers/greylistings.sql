-- One row per sender and recipient that were put off to see whether they try again (greylisting), and the
-- message that came through then
create or replace view greylistings as
with refusals as (
    select
        rejection_key,
        logged_at,
        host,
        coalesce(host, '') as host_name,
        occurrences,
        lower(sender) as sender,
        lower(recipient) as recipient
    from rejections
    where is_greylisted(action, reply_code, dsn, reason)
),

-- Another server of the sender may have brought it
passed as (
    select
        messages.message_key,
        coalesce(messages.host, '') as host_name,
        messages.queued_at,
        lower(messages.sender) as sender,
        lower(coalesce(deliveries.orig_recipient, deliveries.recipient)) as recipient
    from messages
    inner join deliveries on messages.message_key = deliveries.message_key
    semi join refusals
        on
            coalesce(messages.host, '') = refusals.host_name
            and lower(messages.sender) = refusals.sender
    where messages.origin = 'smtp'
),

answered as (
    select
        refusals.*,
        passed.message_key,
        passed.queued_at
    from refusals
    asof left join passed
        on
            refusals.host_name = passed.host_name
            and refusals.sender = passed.sender
            and refusals.recipient = passed.recipient
            and refusals.logged_at <= passed.queued_at
)

select
    min_by(rejection_key, (logged_at, rejection_key)) as rejection_key,
    message_key,
    host,
    sender,
    recipient,
    min(logged_at) as refused_at,
    total(occurrences) as refusal_count,
    any_value(queued_at) as passed_at,
    round(epoch(any_value(queued_at) - min(logged_at)), 3) as wait_seconds
from answered
group by message_key, host, sender, recipient;

comment on column greylistings.rejection_key is 'The first of the refusals (rejections)';
comment on column greylistings.message_key is
'The message that came through; NULL where none has come since (messages)';
comment on column greylistings.host is 'Mail server that put it off';
comment on column greylistings.sender is 'Envelope sender, in small letters';
comment on column greylistings.recipient is 'Envelope recipient, in small letters';
comment on column greylistings.refused_at is 'When it was put off first';
comment on column greylistings.refusal_count is 'How often it was put off';
comment on column greylistings.passed_at is 'When the message came through';
comment on column greylistings.wait_seconds is 'From the first refusal to then';
