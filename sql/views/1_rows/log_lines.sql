-- One row per line of a log, understood or not
create or replace view log_lines as
select
    line_key,
    (line_key >> 32)::integer as file_key,
    line_key & 4294967295 as line_no,
    logged_at,
    host,
    program,
    pid,
    queue_id,
    kind,
    line,
    copy_of,
    unread
from raw_lines;

comment on column log_lines.line_key is 'file_key * 2^32 + line_no';
comment on column log_lines.file_key is 'The stream (log_files)';
comment on column log_lines.line_no is 'Number of the line in its stream, from 1';
comment on column log_lines.logged_at is 'The stamp; NULL where it is unreadable';
comment on column log_lines.host is 'Host that wrote the line; NULL where not said';
comment on column log_lines.program is 'Program as the line names it, such as postfix/smtpd';
comment on column log_lines.pid is 'Process id in brackets';
comment on column log_lines.queue_id is 'Postfix queue id at the head of the text';
comment on column log_lines.kind is 'What the line says (line_kinds); unknown where not understood';
comment on column log_lines.line is
'The line; bytes that are no UTF-8 and control characters as \xNN, backslashes before an x doubled';
comment on column log_lines.copy_of is
'The line that counts in its place, for both tell one event; NULL where it counts itself';

comment on column log_lines.unread is
'Why not read to its end: new key, new text, cut, masked, undecidable, out of range; else NULL';
