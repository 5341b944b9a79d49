-- One row per line of something that a later line may still continue (internal)
create table if not exists open_lines (
    part varchar not null,
    line_key bigint not null,
    logged_at timestamptz,
    host varchar,
    program varchar,
    pid integer,
    queue_id varchar,
    kind varchar not null,
    speaker varchar,
    body varchar not null,
    may_be_cut boolean not null,
    connection_key bigint,
    expires_at timestamptz not null
);

comment on column open_lines.part is
'What the line may still be part of: queue, connection, session (of a delivery agent) or mailbox';
comment on column open_lines.line_key is 'The line (log_lines)';
comment on column open_lines.logged_at is 'As in log_lines';
comment on column open_lines.host is 'As in log_lines';
comment on column open_lines.program is 'As in log_lines';
comment on column open_lines.pid is 'As in log_lines';
comment on column open_lines.queue_id is 'As in log_lines';
comment on column open_lines.kind is 'As in log_lines';
comment on column open_lines.speaker is 'Who speaks in a line of Dovecot, and in which session';
comment on column open_lines.body is 'The text after the queue id';
comment on column open_lines.may_be_cut is 'Whether the end of the text may be missing';
comment on column open_lines.connection_key is
'The connection that brought the message which the line begins';
comment on column open_lines.expires_at is 'Log time after which nothing continues it any more';
