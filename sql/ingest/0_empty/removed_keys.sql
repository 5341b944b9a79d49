-- One row per line that tells no row any more: taken out of the database, or found to be a copy
create or replace temp table removed_keys (line_key bigint);
