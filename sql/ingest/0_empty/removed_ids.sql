-- One row per queue id whose messages may lose a parent with the lines that are taken out
create or replace temp table removed_ids (queue_id varchar);
