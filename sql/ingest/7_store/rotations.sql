-- A stream that has grown under another name is a part of that one's rotation
update log_files
set rotation = batch.rotation
from batch
where log_files.file_key = batch.file_key and batch.is_moved;
