-- One row per line that has a kind of one's own, copies too (internal)
create table if not exists site_lines (
    line_key bigint not null,
    kind varchar not null using compression 'dictionary',
    text varchar not null using compression 'zstd',
    occurrences integer not null
);

comment on column site_lines.line_key is 'The line (log_lines)';
comment on column site_lines.kind is 'Its kind (line_kinds)';
comment on column site_lines.text is
'What it says, without what stands around that: the views of the schema site read their columns in it';
comment on column site_lines.occurrences is 'How often it came, as syslog says';
