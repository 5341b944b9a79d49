-- One row per domain of senders that were put off to see whether they try again: how many came back, how late
create or replace view reports.greylisting_delays as
select
    domain_of(sender) as domain,
    count(*) as put_off_count,
    count(message_key) as returned_count,
    count(*) - count(message_key) as unreturned_count,
    rounded(median(wait_seconds)) as median_seconds,
    rounded(max(wait_seconds)) as longest_seconds,
    rounded(sum(wait_seconds)) as total_seconds,
    max(refused_at) as last_at
from main.greylistings
where in_period(refused_at) and on_host(host) and of_domain(recipient)
group by all
order by put_off_count desc, domain asc nulls last;
