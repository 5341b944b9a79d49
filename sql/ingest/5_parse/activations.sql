-- One row per entry of a message into the active queue
-- 1E24040751: from=<alice@example.net>, size=4821, nrcpt=2 (queue active)
create or replace temp table activations as
-- The sender may hold anything: what follows the last size= is the queue manager's
with cut as (
    select
        line_key,
        body,
        split_part(body, '>, size=', -1) as counts
    from work_lines
    where kind = 'qmgr_active'
)

select
    line_key,
    case when length(counts) < length(body) then substr(body, 7, length(body) - length(counts) - 14)
    end as sender,
    count_of(split_part(counts, ', nrcpt=', 1)) as size_bytes,
    try_cast(split_part(split_part(counts, ', nrcpt=', 2), ' ', 1) as integer) as recipient_count
from cut;
