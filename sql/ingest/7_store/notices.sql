-- Warnings, errors, statistics and changes of state in the changed lines, and the failed
-- connections at hand
delete from notices
where
    notice_key in (
        select line_key from changed_lines
        where not is_new
        union all
        select line_key from smtp_sessions
    );

insert into notices by name
with noticed as (
    select
        *,
        unpacked_speaker(speaker) as voice
    from work_lines
    where
        kind in (select line_kinds.kind::kind_name from line_kinds where place = 'notices')
        and (is_changed or kind = 'smtp_connect_failure')
)

select
    noticed.line_key as notice_key,
    connection_lines.connection_key,
    coalesce(message_lines.message_key, failed_connections.message_key) as message_key,
    noticed.logged_at,
    processes.host,
    processes.program,
    noticed.kind,
    coalesce(dovecot_notice_severity(noticed.kind), notice_severity(noticed.kind)) as severity,
    spoken_text(noticed.voice, noticed.body) as text
from noticed
inner join processes on noticed.header_id = processes.header_id
left join connection_lines on noticed.line_key = connection_lines.line_key
left join message_lines on noticed.line_key = message_lines.line_key
left join failed_connections on noticed.line_key = failed_connections.line_key;
