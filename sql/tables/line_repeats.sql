-- One row per line in which syslog says that a line came more often than it was written (internal)
create table if not exists line_repeats (
    repeat_key bigint not null,
    logged_at timestamptz,
    host varchar,
    program varchar,
    pid integer,
    repeat_count integer not null,
    line_key bigint
);

comment on column line_repeats.repeat_key is 'Its line (log_lines)';
comment on column line_repeats.logged_at is 'As in log_lines';
comment on column line_repeats.host is 'Host whose line came again';
comment on column line_repeats.program is 'Program whose line came again; NULL where not said';
comment on column line_repeats.pid is 'Process whose line came again; NULL where not said';
comment on column line_repeats.repeat_count is
'How many events it adds to the one that the row stands for';
comment on column line_repeats.line_key is
'The line whose row counts it: itself, if it holds the text; else the one before it';
