-- Key of a line of the batch by its place in it, from 0: they follow each other
create or replace temp macro loaded_key(row_no) as getvariable('first_loaded_key') + row_no;
