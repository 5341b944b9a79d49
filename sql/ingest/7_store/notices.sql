-- Warnings, errors, statistics and changes of state in the changed lines
delete from notices
where notice_key in (select line_key from changed_lines where not is_new);

insert into notices by name
select
    changed_lines.line_key as notice_key,
    connection_lines.connection_key,
    message_lines.message_key,
    changed_lines.logged_at,
    processes.host,
    processes.program,
    case
        when changed_lines.kind in (
            'postfix_warning', 'postfix_error', 'postfix_fatal', 'postfix_panic'
        ) then substr(changed_lines.kind, 9)
        else 'info'
    end as severity,
    changed_lines.body as text
from changed_lines
inner join processes on changed_lines.header_id = processes.header_id
left join connection_lines on changed_lines.line_key = connection_lines.line_key
left join message_lines on changed_lines.line_key = message_lines.line_key
where
    changed_lines.kind in (
        'postfix_warning', 'postfix_error', 'postfix_fatal', 'postfix_panic',
        'postfix_statistics', 'postfix_lifecycle', 'dovecot_lifecycle', 'smtp_connect_failure'
    );
