-- One row per month of stamps that is not the one of the last line before the batch
create or replace temp table turned_months as
select distinct month_number(substr(stamp_runs.stamp, 1, 3)) as month
from stamp_runs
cross join batch
where month_number(substr(stamp_runs.stamp, 1, 3)) is distinct from month(batch.last_local_date);

-- One row per run of lines of one year, for stamps that have none
create or replace temp table years as
with log_days as (
    select getvariable('log_days')::struct(stamp varchar, line_count bigint)[] as days
),

numbered_days as (
    select
        unnest(days) as day,
        generate_subscripts(days, 1) as row_no
    from log_days
),

occurrences as (
    select
        false as is_ahead,
        stamp,
        unnest([first_row_no, last_row_no]) as row_no,
        1 as line_count
    from stamp_runs
    where exists(from turned_months)
    union all
    -- The log as a whole, where the year is a guess
    select
        true as is_ahead,
        day.stamp,
        row_no,
        day.line_count
    from numbered_days
    where exists(from turned_months)
),

stamped as (
    select
        is_ahead,
        row_no,
        line_count,
        month_number(substr(stamp, 1, 3)) as month,
        coalesce(try_cast(substr(stamp, 5, 2) as integer), 1) as day
    from occurrences
),

-- What is no date in any year tells nothing of the year
bsd_lines as (
    select * from stamped
    where try_cast('2024-' || month || '-' || day as date) is not null
),

first_lines as (
    select * from bsd_lines
    qualify row_number() over (partition by is_ahead order by row_no) = 1
),

-- Months counted from year 0, at the line before the first. Where nothing tells the year, it is the
-- latest one in which the first stamp is not after the reference
starts_of as (
    select
        first_lines.is_ahead,
        coalesce(
            year(batch.last_local_date) * 12 + month(batch.last_local_date) - 1,
            coalesce(
                batch.given_year,
                year(batch.reference_date) + 1
                - years_after(
                    year(batch.reference_date) + 1, first_lines.month, first_lines.day,
                    batch.reference_date
                )
            ) * 12 + first_lines.month - 1
        ) as month_count,
        batch.reference_date
    from first_lines
    cross join batch
),

-- A step back by one month is a late line, any other a step forward
steps as (
    select
        bsd_lines.*,
        starts_of.month_count,
        starts_of.reference_date,
        (
            bsd_lines.month - 1
            - coalesce(
                lag(bsd_lines.month - 1)
                    over (partition by bsd_lines.is_ahead order by bsd_lines.row_no),
                starts_of.month_count % 12
            )
            + 12
        ) % 12 as step
    from bsd_lines
    inner join starts_of on bsd_lines.is_ahead = starts_of.is_ahead
),

counted as (
    select
        * exclude (month_count),
        (
            month_count
            + sum(case step when 11 then -1 else step end)
                over (partition by is_ahead order by row_no)
        ) // 12 as year
    from steps
),

held_back as (
    select
        *,
        max(years_held_back(year, step, month, day, reference_date))
            over (partition by is_ahead order by row_no) as held_back_years
    from counted
),

-- The last lines of the log, two of a hundred: fewer than one of a hundred of all are not most of them
last_lines as (
    select
        *,
        least(
            line_count,
            greatest(3, ceil(sum(line_count) over () / 50)) - (
                sum(line_count) over (order by row_no desc) - line_count
            )
        ) as counted_lines
    from held_back
    where is_ahead
    qualify counted_lines > 0
),

judged as (
    select
        years_after(year - held_back_years, month, day, reference_date) as year_count,
        sum(counted_lines) over () as line_count,
        sum(counted_lines) over (
            order by years_after(year - held_back_years, month, day, reference_date)
        ) as line_count_until
    from last_lines
),

-- Where the year is a guess, most of them are not after the reference
shifted as (
    select coalesce(min(year_count), 0) as year_count from judged
    where line_count_until * 2 > line_count
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
        cross join (
            select * from held_back
            where is_ahead and month = 2 and day = 29
        ) as leap_days
        group by trial.year_count
    ) as trials
        on trials.is_fitting and shifted.year_count <= trials.year_count
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
    where not held_back.is_ahead
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
    (select bool_or(step between 7 and 10) from steps where not is_ahead) as has_wide_step
from starts;

-- In one month the year goes on
insert into years by name
select
    year(batch.last_local_date) as year,
    min(stamp_runs.first_row_no) as first_row_no,
    9223372036854775807 as last_row_no,
    false as has_wide_step
from stamp_runs
cross join batch
where not exists(from turned_months)
group by batch.last_local_date;
