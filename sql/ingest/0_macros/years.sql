-- In which year a stamp without one is: chosen from all of the log that is there (log_days). Cases
-- (tests/test_years.py has them all):
--   stamps                       last change of the log   years
--   Nov 30, Dec 1                2026-12-02               2026, 2026
--   Dec 31, Jan 1                2027-01-02               2026, 2027
--   Dec 31, Jan 1                2026-12-02               2025, 2026      the last is not after it
--   Feb 29                       2026-12-02               2024            a day
--   Jun 1, Dec 1, Jun 1, Dec 1   2026-12-02               2025, 2026      the last is not after it
--   Jul 20, Jul 28, Jul 25       2026-07-25               2026            a clock is fast
--   Nov 20, Jan 1, Nov 21        2026-11-22               2026, 2027, 2026   a clock was not set
--   Mar 1, Jan 31, Mar 2         2026-03-03               2026            January came late
--   Mar 1, Jan 31                2027-02-01               2026, 2027      it may be the next one
--   Mar 1, Feb 28                any                      2026            a month back is late
--   --year 2019: Dec 31, Jan 1   any                      2019, 2020      told

-- How many years a day is after a reference, of which the zone may differ by a day
create or replace temp macro years_after(year, month, day, reference_date) as
    greatest(
        0,
        year - year(reference_date + 1)
        + case
            when month * 100 + day > month(reference_date + 1) * 100 + day(reference_date + 1)
                then 1
            else 0
        end
    );

-- A step forward by more than half a year is one back by less, where it would be after the reference
create or replace temp macro years_held_back(year, step, month, day, reference_date) as
    case when step between 7 and 10 then years_after(year, month, day, reference_date) else 0 end;

create or replace temp macro is_leap_year(year) as
    year % 4 = 0 and (year % 100 <> 0 or year % 400 = 0);
