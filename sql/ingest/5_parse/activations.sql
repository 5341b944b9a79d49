-- One row per entry of a message into the active queue
-- 1E24040751: from=<alice@example.net>, size=4821, nrcpt=2 (queue active)
create or replace temp table activations as
with cut as (
    select
        line_key,
        body,
        case
            -- A sender that may hold anything: what follows the last size= is the queue manager's
            when not may_be_cut then split_part(body, '>, size=', -1)
            else regexp_extract(
                body,
                '^from=<' || plain_address_pattern()
                || '>, size=(\d+, nrcpt=\d+ \(queue active\))$',
                2
            )
        end as counts
    from work_lines
    where kind = 'qmgr_active'
)

select
    line_key,
    case
        when length(counts) between 1 and length(body) - 14
            then substr(body, 7, length(body) - length(counts) - 14)
    end as sender,
    count_of(regexp_extract(counts, '^(\d+),', 1)) as size_bytes,
    try_cast(regexp_extract(counts, ', nrcpt=(\d+) ', 1) as integer) as recipient_count
from cut;
