-- One row per user, mailbox, target and what became of mail there, the most deliveries first
create or replace view reports.mailbox_deliveries_by_user as
select
    lower(username) as username,
    mailbox,
    action,
    lower(target) as target,
    total(occurrences) as delivery_count,
    total(size_bytes) as size_bytes,
    max(logged_at) as last_at
from main.mailbox_deliveries
where in_period(logged_at) and on_host(host) and of_domain(username)
group by all
order by delivery_count desc, username asc, mailbox asc, action asc, target asc;
