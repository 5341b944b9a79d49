-- One row per run of lines of one year, for stamps that have none
create or replace temp table years as
with later_days as (
    select
        unnest(getvariable('later_days')::varchar[]) as stamp,
        generate_subscripts(getvariable('later_days')::varchar[], 1) as day_no
),

occurrences as (
    select
        stamp,
        unnest([first_row_no, last_row_no]) as row_no
    from stamp_runs
    union all
    -- What follows the batch in its stream, where the year is a guess
    select
        stamp,
        4611686018427387904 + day_no as row_no
    from later_days
    where exists(from stamp_runs)
),

stamped as (
    select
        row_no,
        month_number(substr(stamp, 1, 3)) as month,
        coalesce(try_cast(substr(stamp, 5, 2) as integer), 1) as day
    from occurrences
),

-- What is no date in any year tells nothing of the year
bsd_lines as (
    select * from stamped
    where try_cast('2024-' || month || '-' || day as date) is not null
),

first_line as (
    select * from bsd_lines
    order by row_no
    limit 1
),

-- Months counted from year 0, at the line before the first of the batch. Where nothing tells the year,
-- it is the latest one in which the first stamp is not after the reference
start as (
    select
        coalesce(
            year(batch.last_local_date) * 12 + month(batch.last_local_date) - 1,
            coalesce(
                batch.given_year,
                year(batch.reference_date) + 1
                - years_after(
                    year(batch.reference_date) + 1, first_line.month, first_line.day,
                    batch.reference_date
                )
            ) * 12 + first_line.month - 1
        ) as month_count,
        batch.last_local_date is null and batch.given_year is null as is_guessed
    from first_line
    cross join batch
),

-- A step back by one month is a late line, any other a step forward
steps as (
    select
        *,
        (
            month - 1
            - coalesce(lag(month - 1) over (order by row_no), (select month_count % 12 from start))
            + 12
        ) % 12 as step
    from bsd_lines
),

counted as (
    select
        steps.*,
        batch.reference_date,
        (
            start.month_count
            + sum(case steps.step when 11 then -1 else steps.step end)
                over (order by steps.row_no)
        ) // 12 as year
    from steps
    cross join start
    cross join batch
),

held_back as (
    select
        *,
        max(years_held_back(year, step, month, day, reference_date)) over (order by row_no)
            as held_back_years
    from counted
),

-- Where the year is a guess, no stamp is after the reference
shifted as (
    select
        any_value(start.is_guessed) as is_guessed,
        case
            when any_value(start.is_guessed) then max(
                years_after(
                    held_back.year - held_back.held_back_years,
                    held_back.month,
                    held_back.day,
                    held_back.reference_date
                )
            )
            else 0
        end as year_count
    from held_back
    cross join start
),

-- And each 29 February is a day
fitting as (
    select coalesce(min(trials.year_count), any_value(shifted.year_count)) as year_count
    from shifted
    left join (
        select
            trial.year_count,
            bool_and(is_leap_year(leap_days.year - leap_days.held_back_years - trial.year_count))
                as is_fitting
        from range(100) as trial (year_count)
        cross join (select * from held_back where month = 2 and day = 29) as leap_days
        group by trial.year_count
    ) as trials
        on
            trials.is_fitting
            and shifted.year_count <= trials.year_count
            and shifted.is_guessed
),

placed as (
    select
        held_back.row_no,
        held_back.year - fitting.year_count
        - max(
            years_held_back(
                held_back.year - fitting.year_count,
                held_back.step,
                held_back.month,
                held_back.day,
                held_back.reference_date
            )
        ) over (order by held_back.row_no) as year
    from held_back
    cross join fitting
),

starts as (
    select
        row_no,
        year
    from placed
    qualify year is distinct from lag(year) over (order by row_no)
)

select
    year,
    row_no as first_row_no,
    coalesce(lead(row_no) over (order by row_no) - 1, 9223372036854775807) as last_row_no,
    (select bool_or(step between 7 and 10) from steps) as has_wide_step
from starts;
