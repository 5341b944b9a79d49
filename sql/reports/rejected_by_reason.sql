-- One row per reason for which smtpd refused mail, the commonest first
create or replace view reports.rejected_by_reason as
select
    reply_code,
    dsn,
    general_reason(reason) as reason,
    total(occurrences) as rejection_count,
    count(distinct client_ip) as client_count,
    min(logged_at) as first_at,
    max(logged_at) as last_at
from main.rejections
where
    action in ('reject', 'milter-reject')
    and in_period(logged_at)
    and on_host(host)
    and (of_domain(recipient) or of_domain(sender))
group by all
order by rejection_count desc, reason asc, reply_code asc, dsn asc;
