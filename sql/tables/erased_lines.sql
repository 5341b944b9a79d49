-- One row per line in which an address was erased (internal)
create table if not exists erased_lines (
    line_key bigint not null,
    sha256 varchar not null
);

comment on column erased_lines.line_key is 'The line (log_lines)';
comment on column erased_lines.sha256 is
'SHA-256 of its text as it is now; what it was when it was loaded is known by a hash of the tree';
