-- Lines that are taken out of the database, and the queue ids whose messages may lose a parent by it
create or replace temp table removed_lines as
select
    line_key,
    logged_at,
    host,
    program,
    line
from raw_lines
limit 0;

create or replace temp table removed_ids (queue_id varchar);
