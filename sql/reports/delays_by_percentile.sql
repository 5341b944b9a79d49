-- One row per percentile of the delays of delivered mail, in seconds, in all and by their four parts
create or replace view reports.delays_by_percentile as
with percentiles as (
    select
        unnest([0, 25, 50, 75, 90, 95, 98, 100]) as percentile,
        unnest(range(1, 9)) as place
),

delays as (
    select
        quantiles(delay_seconds) as delay,
        quantiles(before_qmgr_seconds) as before_qmgr,
        quantiles(in_qmgr_seconds) as in_qmgr,
        quantiles(connection_seconds) as connection,
        quantiles(transmission_seconds) as transmission
    from main.deliveries
    where status = 'sent' and in_period(logged_at) and on_host(host) and of_domain(recipient)
)

select
    percentiles.percentile,
    rounded(delays.delay[percentiles.place]) as delay_seconds,
    rounded(delays.before_qmgr[percentiles.place]) as before_qmgr_seconds,
    rounded(delays.in_qmgr[percentiles.place]) as in_qmgr_seconds,
    rounded(delays.connection[percentiles.place]) as connection_seconds,
    rounded(delays.transmission[percentiles.place]) as transmission_seconds
from percentiles
cross join delays
where delays.delay is not null
order by percentiles.percentile;
