-- One row per long line of the batch that is longer than all lines of its host before it in the stream.
-- A receiver cuts lines at a limit that nobody knows, but none below 480 bytes (RFC 5424)
create or replace temp table new_longest_lines as
with sized as (
    select
        line_key,
        host,
        line_bytes(line) as byte_count
    from loaded_lines
    -- What syslog writes of its own is longer than what it received
    where
        part is distinct from 'removed'
        and repeat_count is null
        and strlen(line) >= 480
        and line_bytes(line) >= 480
),

compared as (
    select
        *,
        max(byte_count) over (
            partition by host
            order by line_key
            rows between unbounded preceding and 1 preceding
        ) as earlier_byte_count
    from sized
),

loaded as (
    select
        host,
        max(byte_count) as byte_count
    from longest_lines
    where line_key >> 32 = (select file_key from batch)
    group by host
)

select
    compared.line_key,
    compared.host,
    compared.byte_count
from compared
left join loaded on compared.host is not distinct from loaded.host
where compared.byte_count > greatest(
    coalesce(compared.earlier_byte_count, 0), coalesce(loaded.byte_count, 0)
);

-- Where no line before was longer, the end may be missing; a queue id of ours that a filter names
-- behind what the sender wrote may be the sender's
update lines
set
    may_be_cut = true,
    queue_id = case
        when not is_of_others(lines.kind) or starts_with(lines.body, lines.queue_id)
            then lines.queue_id
    end
from (
    select long_lines.line_key
    from (
        select distinct
            line_key,
            line_key >> 32 as file_key,
            coalesce(host, '') as host_name,
            line_bytes(line) - coalesce(repetition_bytes(repeat_count), 0) as byte_count
        from lines
        where strlen(line) >= 480 and line_bytes(line) >= 480
    ) as long_lines
    asof left join (
        select
            *,
            line_key >> 32 as file_key,
            coalesce(host, '') as host_name
        from (
            select * from longest_lines
            union all
            select * from new_longest_lines
        ) as all_longest_lines
    ) as longest
        on
            long_lines.file_key = longest.file_key
            and long_lines.host_name = longest.host_name
            and long_lines.line_key > longest.line_key
    where coalesce(longest.byte_count <= long_lines.byte_count, true)
) as suspects
where lines.line_key = suspects.line_key and not lines.may_be_cut;
