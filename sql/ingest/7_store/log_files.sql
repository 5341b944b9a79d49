-- The stream as it stands after this batch
update log_files
set
    loaded_bytes = batch.first_byte + batch.byte_count,
    loaded_lines = (batch.first_line_key & 4294967295) - 1 + batch.line_count,
    tail_bytes = batch.tail_bytes,
    tail_sha256 = batch.tail_sha256,
    first_logged_at = stream_state.first_logged_at,
    last_logged_at = stream_state.last_logged_at,
    last_local_date = stream_state.last_local_date
from batch
inner join stream_state on batch.file_key = stream_state.file_key
where log_files.file_key = batch.file_key;

insert into load_batches by name
select
    batch_key,
    file_key,
    first_byte,
    first_byte + byte_count - 1 as last_byte,
    first_line_key & 4294967295 as first_line_no,
    (first_line_key & 4294967295) + line_count - 1 as last_line_no,
    torn_bytes,
    sha256,
    salt,
    root,
    chain,
    committed_at,
    mailsql_version
from batch;
