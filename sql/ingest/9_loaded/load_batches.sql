-- The batch itself
insert into load_batches by name
select
    coalesce((select max(batch_key) from load_batches), 0) + 1 as batch_key,
    loaded_batch.* exclude (tail_bytes, tail_sha256)
from loaded_batch;
