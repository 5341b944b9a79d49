-- One row per step of the period (time_step) and filter: mail that it rated, how much was spam, and the scores
create or replace view reports.scores_over_time as
with rated as (
    select
        message_checks.program,
        case when messages.root_key is null then total(message_checks.occurrences) else 1 end
            as mail_count,
        bool_or(coalesce(message_checks.result in ('spam', 'spammy'), false)) as is_spam,
        max(message_checks.score) as score,
        min(message_checks.checked_at) as checked_at
    from main.message_checks
    left join main.messages on message_checks.message_key = messages.message_key
    left join main.messages as roots on messages.root_key = roots.message_key
    where
        message_checks.check_name = 'spam'
        and in_period(message_checks.checked_at)
        and on_host(message_checks.host)
        and message_of_domain(messages.root_key, coalesce(roots.sender, message_checks.sender))
    -- A filter may rate a mail again when it comes back
    group by
        message_checks.program, messages.root_key,
        case when messages.root_key is null then message_checks.check_key end
)

select
    begin_of_step(time_step(), checked_at) as begins_at,
    program,
    total(mail_count) as message_count,
    total(case when is_spam then mail_count else 0 end) as spam_count,
    rounded(avg(score)) as mean_score,
    rounded(median(score)) as median_score,
    max(score) as highest_score
from rated
group by all
order by begins_at, program;
