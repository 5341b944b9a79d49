-- One row per reply code and enhanced status code, given to clients or got from next hops, and what it means
create or replace view reports.replies_by_code as
with told as (
    select
        'given' as direction,
        reply_code,
        dsn,
        occurrences
    from main.rejections
    where
        is_refusal(action)
        and in_period(logged_at)
        and on_host(host)
        and (of_domain(recipient) or of_domain(sender))
    union all
    select
        'got' as direction,
        reply_code,
        dsn,
        1 as occurrences
    from main.deliveries
    where in_period(logged_at) and on_host(host) and of_domain(recipient)
),

counted as (
    select
        direction,
        reply_code,
        dsn,
        total(occurrences) as reply_count
    from told
    group by all
)

select
    counted.*,
    rounded(100.0 * counted.reply_count / sum(counted.reply_count) over (partition by direction))
        as share_percent,
    status_codes.meaning_en,
    status_codes.meaning_ja
from counted
left join main.status_codes
    on regexp_replace(counted.dsn, '^[245][.]', '') = status_codes.code
order by counted.direction asc, counted.reply_count desc, counted.reply_code asc, counted.dsn asc;
