-- What the auth process says of users in the changed lines
delete from auth_events
where auth_event_key in (select line_key from changed_lines where not is_new);

insert into auth_events by name
select
    auth_records.line_key as auth_event_key,
    processes.host,
    auth_records.* exclude (line_key, header_id)
from auth_records
inner join processes on auth_records.header_id = processes.header_id
order by auth_records.line_key;
