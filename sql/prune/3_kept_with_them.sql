-- What the newly kept rows lead to, or what leads to them, is kept with them. Of a connection that is
-- kept for one of its messages the others may go: what overlaps would keep all logs together
create or replace temp table next_rows as
with led_to as (
    select
        row_links.target_name as table_name,
        row_links.target_key as row_key
    from row_links
    semi join newly_kept_rows
        on
            row_links.table_name = newly_kept_rows.table_name
            and row_links.row_key = newly_kept_rows.row_key
    union
    select
        row_links.table_name,
        row_links.row_key
    from row_links
    semi join newly_kept_rows
        on
            row_links.target_name = newly_kept_rows.table_name
            and row_links.target_key = newly_kept_rows.row_key
    where
        row_links.target_name <> 'connections'
        or row_links.target_key in (select row_key from whole_connections)
)

select * from led_to
anti join kept_rows
    on led_to.table_name = kept_rows.table_name and led_to.row_key = kept_rows.row_key;

insert into kept_rows
from next_rows;

create or replace temp table newly_kept_rows as
from next_rows;
