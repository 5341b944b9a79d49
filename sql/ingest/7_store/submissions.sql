-- Messages of Dovecot's submission service in the changed lines
delete from submissions
where submission_key in (select line_key from changed_lines where not is_new);

insert into submissions by name
select
    submission_records.line_key as submission_key,
    processes.host,
    submission_records.* exclude (line_key, header_id)
from submission_records
inner join processes on submission_records.header_id = processes.header_id
order by submission_records.line_key;
