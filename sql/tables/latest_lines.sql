-- One row per host and mail system: the latest line seen of it (internal)
create table if not exists latest_lines (
    host varchar,
    family varchar not null,
    logged_at timestamptz not null,
    line_key bigint not null
);

comment on column latest_lines.host is 'Host as in log_lines';
comment on column latest_lines.family is 'postfix or dovecot';
comment on column latest_lines.logged_at is
'Time of its latest line; 1970 where lines have no time';
comment on column latest_lines.line_key is 'That line';
