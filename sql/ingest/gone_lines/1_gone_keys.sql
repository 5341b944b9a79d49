-- The lines from first_gone_key to last_gone_key are taken out of the database
insert into removed_keys
select line_key from raw_lines
where line_key between getvariable('first_gone_key') and getvariable('last_gone_key');

insert into gone_seconds
select distinct
    host,
    date_trunc('second', logged_at) as moment
from raw_lines
where
    line_key between getvariable('first_gone_key') and getvariable('last_gone_key')
    and logged_at is not null;
