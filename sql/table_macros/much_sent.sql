-- Days on which an account sent to many recipients (threshold sent_recipients), and many times as many (times_before) as on any day before
create or replace macro much_sent() as table
with sent as (
    select
        lower(sasl_username) as username,
        queued_at::date as day,
        bool_or(in_period(queued_at)) as is_now,
        count(*) as message_count,
        try_cast(sum(coalesce(recipient_count, 1)) as bigint) as recipient_count,
        count(distinct client_ip) as address_count,
        max_by(client_ip, queued_at) as client_ip,
        max(queued_at) as last_at
    from main.messages
    where
        sasl_username is not null
        and on_host(host)
        and of_domain(sasl_username)
        and is_mail_accepted(origin, state)
        and (
            getvariable('until') is null
            or queued_at < try_cast(getvariable('until')::varchar as timestamptz)
        )
    group by all
),

compared as (
    select
        *,
        coalesce(
            max(recipient_count) over (
                partition by username
                order by day
                rows between unbounded preceding and 1 preceding
            ),
            0
        ) as most_before_count
    from sent
)

select
    username,
    day,
    message_count,
    recipient_count,
    most_before_count,
    address_count,
    client_ip,
    last_at
from compared
where
    is_now
    and recipient_count >= threshold('sent_recipients')
    and recipient_count > threshold('times_before') * most_before_count
    -- Where nothing is known of the days before, nothing is sudden
    and day > (
        select min(raw_lines.logged_at)::date from main.raw_lines where on_host(raw_lines.host)
    );
