-- The lines from first_gone_key to last_gone_key are taken out of the database
insert into removed_keys
select line_key from raw_lines
where line_key between getvariable('first_gone_key') and getvariable('last_gone_key');

insert into gone_seconds
select distinct
    host,
    second_of(logged_at) as epoch_second
from raw_lines
where
    line_key between getvariable('first_gone_key') and getvariable('last_gone_key')
    and logged_at is not null;
