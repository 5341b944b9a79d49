-- How far the stream is loaded after this batch
update log_files
set
    loaded_bytes = loaded_batch.last_byte + 1,
    loaded_lines = loaded_batch.last_line_no,
    tail_bytes = loaded_batch.tail_bytes,
    tail_sha256 = loaded_batch.tail_sha256,
    journal_cursor = loaded_batch.journal_cursor
from loaded_batch
where log_files.file_key = loaded_batch.file_key;
