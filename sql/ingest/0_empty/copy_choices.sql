-- One row per line of a contested second; none where all is told once
create or replace temp table copy_choices (
    line_key bigint,
    is_stored boolean,
    stored_copy_of bigint,
    copy_of bigint
);
