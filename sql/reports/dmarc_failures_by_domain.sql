-- One row per domain in whose name mail came that DMARC does not bear out, the most mail first
create or replace view reports.dmarc_failures_by_domain as
with failed as (
    select
        messages.root_key,
        coalesce(messages.root_key, message_checks.check_key) as mail_key,
        -- A filter may not say it, or not for sure
        coalesce(
            message_checks.domain,
            max(message_checks.domain) over (partition by messages.root_key)
        ) as domain,
        message_checks.occurrences,
        coalesce(roots.client_ip, message_checks.client_ip) as client_ip,
        coalesce(roots.state = 'refused', false) as is_refused,
        message_checks.checked_at
    from main.message_checks
    left join main.messages on message_checks.message_key = messages.message_key
    left join main.messages as roots on messages.root_key = roots.message_key
    where
        message_checks.check_name = 'dmarc'
        and message_checks.result = 'fail'
        and in_period(message_checks.checked_at)
        and on_host(message_checks.host)
        and message_of_domain(messages.root_key, coalesce(roots.sender, message_checks.sender))
),

-- Several filters may see a mail, and one may see it again when it comes back
mails as (
    select
        mail_key,
        domain,
        any_value(client_ip) as client_ip,
        case when any_value(root_key) is null then total(occurrences) else 1 end as mail_count,
        bool_or(is_refused) as is_refused,
        max(checked_at) as checked_at
    from failed
    group by mail_key, domain
),

reached as (
    select distinct recipient_ends.message_key
    from main.recipient_ends
    semi join mails on recipient_ends.message_key = mails.mail_key
    where is_handed_over(recipient_ends.outcome)
)

select
    mails.domain,
    total(mails.mail_count) as message_count,
    count(distinct mails.client_ip) as client_count,
    total(case when mails.is_refused then mails.mail_count else 0 end) as rejected_count,
    count(reached.message_key) as delivered_count,
    max(mails.checked_at) as last_at
from mails
left join reached on mails.mail_key = reached.message_key
group by mails.domain
order by message_count desc, mails.domain asc nulls last;
