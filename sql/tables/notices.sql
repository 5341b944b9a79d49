-- One row per warning, error, statistic or change of state that a daemon reports
create table if not exists notices (
    notice_key bigint not null,
    connection_key bigint,
    message_key bigint,
    logged_at timestamptz,
    host varchar,
    program varchar,
    kind varchar not null,
    severity varchar not null,
    text varchar not null,
    occurrences integer default 1
);

comment on column notices.notice_key is 'Its line (log_lines)';
comment on column notices.connection_key is 'Connection in which it happened (connections)';
comment on column notices.message_key is 'The message that it names (messages)';
comment on column notices.logged_at is 'When';
comment on column notices.host is 'Host';
comment on column notices.program is 'Program as the line names it';
comment on column notices.kind is 'What it is about (line_kinds)';
comment on column notices.severity is 'panic, fatal, error, warning or info';
comment on column notices.text is 'What it says';
comment on column notices.occurrences is
'How many lines alike the row stands for: syslog may write only how often a line came';
