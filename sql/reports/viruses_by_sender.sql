-- One row per virus that filters found, and sender and client that it came from, the most first
create or replace view reports.viruses_by_sender as
select
    message_checks.text as virus,
    coalesce(messages.sender, message_checks.sender) as sender,
    coalesce(messages.client_ip, message_checks.client_ip) as client_ip,
    total(message_checks.occurrences) as message_count,
    string_agg(distinct message_checks.program, ', ' order by message_checks.program) as programs,
    max(message_checks.checked_at) as last_at
from main.message_checks
left join main.messages on message_checks.message_key = messages.message_key
where
    message_checks.check_name = 'virus'
    and message_checks.result = 'infected'
    and in_period(message_checks.checked_at)
    and on_host(message_checks.host)
group by all
order by message_count desc, virus asc, sender asc, client_ip asc;
