-- One row per run of lines of one stream that were pruned (internal)
create table if not exists pruned_lines (
    first_line_key bigint not null,
    last_line_key bigint not null,
    has_rows boolean not null,
    first_logged_at timestamptz,
    last_logged_at timestamptz,
    last_local_date date
);

comment on column pruned_lines.first_line_key is 'First line of the run (log_lines)';
comment on column pruned_lines.last_line_key is 'Last line of the run';
comment on column pruned_lines.has_rows is
'Whether what the lines told is still in the tables (prune --lines)';
comment on column pruned_lines.first_logged_at is
'Time of the first line of the stream that had one, up to the end of the run';
comment on column pruned_lines.last_logged_at is
'Time of the last line that had one, up to the end of the run';
comment on column pruned_lines.last_local_date is
'Date of the last stamp without a year up to there; the next such stamp takes its year from it';
