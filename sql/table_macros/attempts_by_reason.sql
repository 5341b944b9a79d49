-- Delivery attempts that ended in one of some ways, by reason and destination
create or replace macro attempts_by_reason(statuses) as table
select
    dsn,
    general_reason(reply) as reason,
    lower(coalesce(relay_name, regexp_extract(recipient, '@([^@]*)$', 1))) as destination,
    count(*) as attempt_count,
    count(distinct lower(recipient)) as recipient_count,
    min(logged_at) as first_at,
    max(logged_at) as last_at
from main.deliveries
where
    list_contains(statuses, status)
    and in_period(logged_at)
    and on_host(host)
    and of_domain(recipient)
group by all
order by attempt_count desc, reason asc, destination asc, dsn asc;
