-- One row per direction and cipher of TLS: how many connections in, deliveries out and logins it protected
create or replace view reports.tls_by_cipher as
with counted as (
    select
        direction,
        is_tls,
        protocol,
        cipher,
        trust,
        total(occurrences) as event_count
    from tls_uses()
    group by all
)

select
    *,
    rounded(100.0 * event_count / sum(event_count) over (partition by direction)) as share_percent
from counted
order by direction asc, event_count desc, is_tls asc, protocol asc, cipher asc, trust asc;
