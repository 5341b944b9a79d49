-- Batches follow each other without gap, up to what is loaded
with placed as (
    select
        load_batches.*,
        log_files.path,
        log_files.branch_of is not null as is_branch,
        log_files.loaded_bytes,
        log_files.loaded_lines
    from load_batches
    inner join log_files on load_batches.file_key = log_files.file_key
),

-- A branch begins where it differs from the other stream
followed as (
    select
        *,
        lag(last_byte + 1, 1, case when is_branch then first_byte else 0 end) over in_order
            as expected_byte,
        lag(last_line_no + 1, 1, case when is_branch then first_line_no else 1 end) over in_order
            as expected_line_no,
        lead(batch_key) over in_order is null as is_last
    from placed
    window in_order as (partition by file_key order by batch_key)
)

select
    path,
    batch_key,
    first_byte,
    expected_byte,
    first_line_no,
    expected_line_no
from followed
where
    first_byte <> expected_byte
    -- A torn line belongs to the batch that has its end as well
    or first_line_no not in (expected_line_no, expected_line_no - 1)
    or (is_last and last_byte + 1 <> loaded_bytes)
    or (is_last and last_line_no <> loaded_lines)
order by batch_key;
