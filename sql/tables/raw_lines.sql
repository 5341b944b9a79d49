-- One row per line of a log, as stored (log_lines is how it is read)
create table if not exists raw_lines (
    line_key bigint not null,
    logged_at timestamptz,
    host varchar using compression 'dictionary',
    program varchar using compression 'dictionary',
    pid integer,
    queue_id varchar using compression 'dictionary',
    kind varchar not null using compression 'dictionary',
    line varchar not null using compression 'zstd',
    copy_of bigint,
    unread varchar
);

comment on column raw_lines.line_key is 'file_key * 2^32 + line_no';
comment on column raw_lines.logged_at is 'See log_lines';
comment on column raw_lines.host is 'See log_lines';
comment on column raw_lines.program is 'See log_lines';
comment on column raw_lines.pid is 'See log_lines';
comment on column raw_lines.queue_id is 'See log_lines';
comment on column raw_lines.kind is 'See log_lines';
comment on column raw_lines.line is 'See log_lines';
comment on column raw_lines.copy_of is 'See log_lines';
comment on column raw_lines.unread is 'See log_lines';
