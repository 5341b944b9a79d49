-- One row per entry of a message into the active queue
-- 1E24040751: from=<alice@example.net>, size=4821, nrcpt=2 (queue active)
create or replace temp table activations as
with matched as (
    select
        line_key,
        regexp_extract(
            body,
            '^from=<(.*)>, size=(\d+), nrcpt=(\d+) \(queue active\)$',
            ['sender', 'size', 'nrcpt']
        ) as parts
    from work_lines
    where kind = 'qmgr_active'
)

select
    line_key,
    case when parts.size <> '' then parts.sender end as sender,
    try_cast(parts.size as bigint) as size_bytes,
    try_cast(parts.nrcpt as integer) as recipient_count
from matched;
