-- Decisions of smtpd in the changed lines
delete from rejections
where rejection_key in (select line_key from changed_lines where not is_new);

insert into rejections by name
select
    smtpd_verdicts.line_key as rejection_key,
    connection_lines.connection_key,
    message_lines.message_key,
    processes.host,
    processes.service,
    smtpd_verdicts.* exclude (line_key, header_id, is_changed)
from smtpd_verdicts
inner join processes on smtpd_verdicts.header_id = processes.header_id
left join connection_lines on smtpd_verdicts.line_key = connection_lines.line_key
left join message_lines on smtpd_verdicts.line_key = message_lines.line_key
where smtpd_verdicts.is_changed;
