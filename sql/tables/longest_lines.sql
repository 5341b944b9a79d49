-- One row per line of at least 480 bytes that is longer than all before it in its stream (internal)
create table if not exists longest_lines (
    line_key bigint not null,
    host varchar,
    byte_count bigint not null
);

comment on column longest_lines.line_key is 'The line (log_lines)';
comment on column longest_lines.host is 'As in log_lines: lines of each host are compared apart';
comment on column longest_lines.byte_count is 'Its length in bytes, without its end';
