-- One row per message that a filter took for spam or a virus and that reached somebody all the same, the newest first
create or replace view reports.spam_delivered as
with found as (
    select
        message_key,
        program,
        check_name,
        result,
        max(score) as score
    from main.message_checks
    where
        message_key is not null
        and result in ('spam', 'spammy', 'infected')
        and in_period(checked_at)
        and on_host(host)
    group by message_key, program, check_name, result
),

reached as (
    select
        recipient_outcomes.message_key,
        count(*) as recipient_count
    from main.recipient_outcomes
    semi join found on recipient_outcomes.message_key = found.message_key
    where is_handed_over(recipient_outcomes.outcome) and of_domain(recipient_outcomes.recipient)
    group by recipient_outcomes.message_key
)

select
    messages.queued_at,
    messages.queue_id,
    messages.client_ip,
    messages.sender,
    reached.recipient_count,
    found.program,
    found.result,
    found.score
from found
inner join reached on found.message_key = reached.message_key
inner join main.messages on found.message_key = messages.message_key
order by
    messages.queued_at desc, messages.message_key desc, found.program asc, found.check_name asc,
    found.result asc;
