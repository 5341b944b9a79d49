-- How long the steps are in which reports tell the period: 72 at most where it is shorter than 72 days.
-- A period goes no further than the logs
create or replace macro time_step() as (
    with log_ends as (
        select
            min(logged_at) as first_at,
            max(logged_at) as last_at
        from raw_lines
    ),

    spans as (
        select
            epoch_us(least(try_cast(getvariable('until')::varchar as timestamptz), last_at))
            - epoch_us(greatest(try_cast(getvariable('since')::varchar as timestamptz), first_at))
                as span_us
        from log_ends
    )

    select
        case
            when to_microseconds(span_us) <= interval 1 hour then interval 1 minute
            when to_microseconds(span_us) <= interval 6 hour then interval 10 minute
            when to_microseconds(span_us) <= interval 72 hour then interval 1 hour
            when to_microseconds(span_us) <= interval 72 day then interval 1 day
            when to_microseconds(span_us) <= interval 500 day then interval 7 day
            else interval 1 month
        end
    from spans
);
