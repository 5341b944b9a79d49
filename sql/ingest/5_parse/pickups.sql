-- One row per message that a local user submitted, or that postsuper put back
-- 5A2B340770: uid=1000 from=<ivan>
-- 4f4yFP12Gqz1yTy: uid=89 from=<alice@example.net> orig_id=4f4yD60zPGz1yTv
create or replace temp view pickups as
select
    line_key,
    try_cast(regexp_extract(body, '^uid=(\d+) ', 1) as integer) as uid,
    case
        when not may_be_cut
            then nullif(regexp_extract(body, '> orig_id=([0-9A-Za-z]+)$', 1), '')
    end as orig_queue_id
from work_lines
where kind = 'pickup';
