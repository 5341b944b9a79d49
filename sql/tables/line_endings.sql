-- One row per run of lines of one batch that do not end in LF (internal)
create table if not exists line_endings (
    first_line_key bigint not null,
    last_line_key bigint not null,
    ending varchar not null
);

comment on column line_endings.first_line_key is 'First line of the run (log_lines)';
comment on column line_endings.last_line_key is 'Last line of the run';
comment on column line_endings.ending is 'crlf, or none where the stream ended without newline';
