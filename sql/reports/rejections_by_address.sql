-- One row per client address that was refused, for now or for good, the most refusals first
create or replace view reports.rejections_by_address as
select
    client_ip,
    max_by(client_name, (logged_at, rejection_key)) as client_name,
    total(occurrences) as rejection_count,
    coalesce(
        total(case when decision(action, reply_code, dsn) = 'put off' then occurrences end), 0
    ) as put_off_count,
    count(distinct lower(recipient)) as recipient_count,
    max_by(reason, (logged_at, rejection_key)) as last_text,
    min(logged_at) as first_at,
    max(logged_at) as last_at
from main.rejections
where
    is_refusal(action)
    and in_period(logged_at)
    and on_host(host)
    and (of_domain(recipient) or of_domain(sender))
group by client_ip
order by rejection_count desc, client_ip asc;
