-- One row per message that a local user submitted
-- 5A2B340770: uid=1000 from=<ivan>
create or replace temp view pickups as
select
    line_key,
    try_cast(regexp_extract(body, '^uid=(\d+) ', 1) as integer) as uid
from work_lines
where kind = 'pickup';
