-- Batches follow each other without gap, up to what is loaded
with followed as (
    select
        *,
        coalesce(lag(last_byte) over in_order, -1) + 1 as expected_byte,
        coalesce(lag(last_line_no) over in_order, 0) + 1 as expected_line_no,
        lead(batch_key) over in_order is null as is_last
    from load_batches
    window in_order as (partition by file_key order by batch_key)
)

select
    log_files.path,
    followed.batch_key,
    followed.first_byte,
    followed.expected_byte,
    followed.first_line_no,
    followed.expected_line_no
from followed
inner join log_files on followed.file_key = log_files.file_key
where
    followed.first_byte <> followed.expected_byte
    or followed.first_line_no <> followed.expected_line_no
    or (followed.is_last and followed.last_byte + 1 <> log_files.loaded_bytes)
    or (followed.is_last and followed.last_line_no <> log_files.loaded_lines)
order by followed.batch_key;
