-- One row per virus that filters found, and sender and client that it came from, the most first
create or replace view reports.viruses_by_sender as
select
    message_checks.text as virus,
    coalesce(roots.sender, message_checks.sender) as sender,
    coalesce(roots.client_ip, message_checks.client_ip) as client_ip,
    -- Several filters may find it in a mail
    count(distinct messages.root_key)
    + total(case when messages.root_key is null then message_checks.occurrences else 0 end)
        as message_count,
    string_agg(distinct message_checks.program, ', ' order by message_checks.program) as programs,
    max(message_checks.checked_at) as last_at
from main.message_checks
left join main.messages on message_checks.message_key = messages.message_key
left join main.messages as roots on messages.root_key = roots.message_key
where
    message_checks.check_name = 'virus'
    and message_checks.result = 'infected'
    and in_period(message_checks.checked_at)
    and on_host(message_checks.host)
    and message_of_domain(messages.root_key, coalesce(roots.sender, message_checks.sender))
group by
    message_checks.text, coalesce(roots.sender, message_checks.sender),
    coalesce(roots.client_ip, message_checks.client_ip)
order by message_count desc, virus asc, sender asc, client_ip asc;
