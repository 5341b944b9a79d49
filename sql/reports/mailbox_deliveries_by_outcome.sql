-- One row per outcome of mail at the mailboxes of Dovecot, the commonest first
create or replace view reports.mailbox_deliveries_by_outcome as
select
    agent,
    is_sieve,
    action,
    total(occurrences) as delivery_count,
    count(distinct lower(username)) as user_count,
    max_by(text, (logged_at, mailbox_delivery_key)) as last_text,
    max(logged_at) as last_at
from main.mailbox_deliveries
where in_period(logged_at) and on_host(host) and of_domain(username)
group by all
order by delivery_count desc, action asc, agent asc, is_sieve asc;
