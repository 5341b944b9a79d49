-- One row per line that is taken out of the database for this piece
create or replace temp table removed_lines (
    line_key bigint,
    logged_at timestamptz,
    host varchar,
    program varchar,
    line varchar
);
