-- Lines that counted, and are copies from now on
insert into removed_keys
select line_key from copy_choices
where is_stored and stored_copy_of is null and copy_of is not null;
