-- One row per run of lines of one year, for stamps that have none
create or replace temp table years as
with occurrences as (
    select
        stamp,
        unnest([first_row_no, last_row_no]) as row_no
    from stamp_runs
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

-- The latest year in which the first stamp is a date not after the reference
guessed as (
    select max(year(batch.reference_date) + 1 - steps.step) as year
    from first_line
    cross join batch
    cross join range(9) as steps (step)
    where
        try_cast(
            (year(batch.reference_date) + 1 - steps.step)
            || '-' || first_line.month || '-' || first_line.day as date
        ) <= batch.reference_date + 1
),

-- Months counted from year 0, at the line before the first of the batch
start as (
    select
        coalesce(
            year(batch.last_local_date) * 12 + month(batch.last_local_date) - 1,
            coalesce(batch.given_year, guessed.year) * 12 + first_line.month - 1
        ) as month_count
    from first_line
    cross join batch
    cross join guessed
),

-- A step back by one month is a late line, any other a step forward
steps as (
    select
        row_no,
        (
            month - 1
            - coalesce(lag(month - 1) over (order by row_no), (select month_count % 12 from start))
            + 12
        ) % 12 as step
    from bsd_lines
),

counted as (
    select
        row_no,
        (
            (select month_count from start)
            + sum(case step when 11 then -1 else step end) over (order by row_no)
        ) // 12 as year
    from steps
),

starts as (
    select
        row_no,
        year
    from counted
    qualify year is distinct from lag(year) over (order by row_no)
)

select
    year,
    row_no as first_row_no,
    coalesce(lead(row_no) over (order by row_no) - 1, 9223372036854775807) as last_row_no
from starts;
