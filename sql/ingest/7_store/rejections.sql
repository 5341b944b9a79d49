-- Decisions of smtpd in the changed lines
delete from rejections
where rejection_key in (select line_key from changed_lines where not is_new);

insert into rejections
select
    smtpd_verdicts.line_key,
    connection_lines.connection_key,
    message_lines.message_key,
    changed_lines.logged_at,
    changed_lines.host,
    program_service(changed_lines.program),
    smtpd_verdicts.* exclude (line_key)
from smtpd_verdicts
inner join changed_lines on smtpd_verdicts.line_key = changed_lines.line_key
left join connection_lines on smtpd_verdicts.line_key = connection_lines.line_key
left join message_lines on smtpd_verdicts.line_key = message_lines.line_key;
