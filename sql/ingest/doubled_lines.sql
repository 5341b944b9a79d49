-- One row where nearly all lines of the batch come an even number of times: a rule of syslog writes each
-- of them twice
create or replace temp view doubled_lines as
with first_lines as (
    select
        logged_at,
        line
    from loaded_lines
    where
        line_key < getvariable('first_loaded_key') + 20000
        and logged_at is not null
),

counted as (
    select count(*) as line_count
    from first_lines
    group by logged_at, line
)

select count(*) as group_count
from counted
having count(*) >= 10 and count(*) filter (where line_count % 2 = 0) >= 0.99 * count(*);
