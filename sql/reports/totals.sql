-- One row per figure of the whole: within a section, all is the sum of the others
create or replace view reports.totals as
with arrivals as (
    select
        coalesce(origin, 'unknown') as origin,
        coalesce(state, 'unknown') as state,
        size_bytes
    from arrivals()
),

told as (
    select
        'messages by origin' as section,
        origin as figure,
        count(*) as amount
    from arrivals
    group by all
    union all
    select
        'messages by state' as section,
        state as figure,
        count(*) as amount
    from arrivals
    group by all
    union all
    select
        'delivery attempts' as section,
        outcome as figure,
        count(*) as amount
    from main.delivery_outcomes
    where in_period(logged_at) and on_host(host) and of_domain(recipient)
    group by all
    union all
    select
        'decisions' as section,
        decision(action, reply_code, dsn) as figure,
        total(occurrences) as amount
    from main.rejections
    where in_period(logged_at) and on_host(host) and (of_domain(recipient) or of_domain(sender))
    group by all
    union all
    select
        'connections' as section,
        coalesce(end_reason, 'still open') as figure,
        count(*) as amount
    from main.connections
    where
        -- A connection is of no domain, nor is a line
        getvariable('domain') is null
        and daemon = 'smtpd'
        and in_period(connected_at)
        and on_host(host)
    group by all
    union all
    select
        'logins' as section,
        case when is_success then 'worked' else 'failed' end as figure,
        total(attempts(case when is_success then 1 else attempt_count end, occurrences)) as amount
    from main.logins
    where in_period(logged_at) and on_host(host) and of_domain(username)
    group by all
    union all
    select
        'lines' as section,
        case
            when copy_of is not null then 'copies of others'
            when kind = 'unknown' then 'not understood'
            when kind = 'foreign' then 'of other programs'
            else 'understood'
        end as figure,
        count(*) as amount
    from main.raw_lines
    where getvariable('domain') is null and in_period(logged_at) and on_host(host)
    group by all
),

summed as (
    select
        section,
        figure,
        amount,
        rounded(100.0 * amount / sum(amount) over (partition by section)) as share_percent,
        1 as place
    from told
    union all
    select
        section,
        'all' as figure,
        total(amount) as amount,
        100.0 as share_percent,
        0 as place
    from told
    group by all
)

select
    section,
    figure,
    amount,
    share_percent
from summed
order by
    list_position(
        [
            'messages by origin', 'messages by state', 'delivery attempts', 'decisions',
            'connections', 'logins', 'lines'
        ],
        section
    ) asc,
    place asc,
    amount desc,
    figure asc;
