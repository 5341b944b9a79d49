-- One row per percentile of the delays of delivered mail, in seconds, in all and by their four parts
create or replace view reports.delays_by_percentile as
with percentiles as (
    select unnest([50, 75, 90, 95, 98, 100]) as percentile
),

delays as (
    select
        quantile_cont(delay_seconds, [0.5, 0.75, 0.9, 0.95, 0.98, 1]) as delay,
        quantile_cont(before_qmgr_seconds, [0.5, 0.75, 0.9, 0.95, 0.98, 1]) as before_qmgr,
        quantile_cont(in_qmgr_seconds, [0.5, 0.75, 0.9, 0.95, 0.98, 1]) as in_qmgr,
        quantile_cont(connection_seconds, [0.5, 0.75, 0.9, 0.95, 0.98, 1]) as connection,
        quantile_cont(transmission_seconds, [0.5, 0.75, 0.9, 0.95, 0.98, 1]) as transmission
    from main.deliveries
    where status = 'sent' and in_period(logged_at) and on_host(host) and of_domain(recipient)
)

select
    percentiles.percentile,
    rounded(delays.delay[places.place]) as delay_seconds,
    rounded(delays.before_qmgr[places.place]) as before_qmgr_seconds,
    rounded(delays.in_qmgr[places.place]) as in_qmgr_seconds,
    rounded(delays.connection[places.place]) as connection_seconds,
    rounded(delays.transmission[places.place]) as transmission_seconds
from percentiles
cross join delays
cross join
    lateral (select list_position([50, 75, 90, 95, 98, 100], percentiles.percentile) as place)
    as places
where delays.delay is not null
order by percentiles.percentile;
