-- One row per stamp without a year that occurs, and year in which it does
create or replace temp table stamps as
select
    stamp_runs.stamp,
    years.first_row_no,
    years.last_row_no,
    least(stamp_runs.last_row_no, years.last_row_no) as row_no,
    -- As far as microseconds
    try_strptime(
        years.year || ' ' || replace(substr(stamp_runs.stamp, 1, 22), ':60', ':59'),
        ['%Y %b %d %H:%M:%S', '%Y %b %d %H:%M:%S.%f']
    )::timestamptz as logged_at,
    try_strptime(years.year || ' ' || substr(stamp_runs.stamp, 1, 6), '%Y %b %d')::date
        as local_date
from stamp_runs
inner join years
    on
        stamp_runs.first_row_no <= years.last_row_no
        and stamp_runs.last_row_no >= years.first_row_no;
