-- One row per domain in whose name mail came that DMARC does not bear out, the most mail first
create or replace view reports.dmarc_failures_by_domain as
with failed as (
    select
        coalesce(message_checks.domain, domain_of(messages.sender)) as domain,
        message_checks.occurrences,
        coalesce(messages.client_ip, message_checks.client_ip) as client_ip,
        messages.state = 'refused' as is_refused,
        is_handed_over(messages.state) as is_delivered,
        message_checks.checked_at
    from main.message_checks
    left join main.messages on message_checks.message_key = messages.message_key
    where
        message_checks.check_name = 'dmarc'
        and message_checks.result = 'fail'
        and in_period(message_checks.checked_at)
        and on_host(message_checks.host)
)

select
    domain,
    total(occurrences) as message_count,
    count(distinct client_ip) as client_count,
    total(case when is_refused then occurrences else 0 end) as rejected_count,
    total(case when is_delivered then occurrences else 0 end) as delivered_count,
    max(checked_at) as last_at
from failed
group by domain
order by message_count desc, domain asc nulls last;
