-- One row per message that a filter took for spam or a virus and that reached somebody all the same, the newest first
create or replace view reports.spam_delivered as
with found as (
    select
        messages.root_key,
        string_agg(distinct message_checks.program, ', ' order by message_checks.program)
            as programs,
        string_agg(distinct message_checks.result, ', ' order by message_checks.result) as result,
        max(message_checks.score) as score
    from main.message_checks
    inner join main.messages on message_checks.message_key = messages.message_key
    where
        message_checks.result in ('spam', 'spammy', 'infected')
        and in_period(message_checks.checked_at)
        and on_host(message_checks.host)
    group by messages.root_key
),

reached as (
    select
        recipient_ends.message_key,
        count(distinct recipient_ends.recipient) as recipient_count
    from main.recipient_ends
    semi join found on recipient_ends.message_key = found.root_key
    where is_handed_over(recipient_ends.outcome) and of_domain(recipient_ends.recipient)
    group by recipient_ends.message_key
)

select
    messages.queued_at,
    messages.queue_id,
    messages.client_ip,
    messages.sender,
    reached.recipient_count,
    found.programs,
    found.result,
    found.score
from found
inner join reached on found.root_key = reached.message_key
inner join main.messages on found.root_key = messages.message_key
order by messages.queued_at desc, messages.message_key desc;
