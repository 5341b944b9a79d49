-- The batch itself
insert into load_batches by name
select * exclude (tail_bytes, tail_sha256, journal_cursor)
from loaded_batch;
