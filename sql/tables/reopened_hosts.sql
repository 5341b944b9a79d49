-- One row per host and mail system of which the latest lines were taken out (internal)
create table if not exists reopened_hosts (
    host varchar,
    family varchar not null,
    searched_until timestamptz not null
);

comment on column reopened_hosts.host is 'Host as in log_lines';
comment on column reopened_hosts.family is 'postfix or dovecot';
comment on column reopened_hosts.searched_until is
'Until then what lines continue is looked for among all lines: open_lines has lost some of it';
