-- One row per line of a message that is neither a delivery nor a rejection
create table if not exists queue_events (
    event_key bigint not null,
    message_key bigint not null,
    logged_at timestamptz,
    kind varchar not null,
    related_queue_id varchar,
    relation varchar,
    text varchar
);

comment on column queue_events.event_key is 'The line (log_lines)';
comment on column queue_events.message_key is 'The message (messages)';
comment on column queue_events.logged_at is 'Time of the line';
comment on column queue_events.kind is 'What happened (line_kinds)';
comment on column queue_events.related_queue_id is
'Queue id of the notice that a bounce line names';
comment on column queue_events.relation is
'What that is: bounce, delay notice, success notice or postmaster notice';
comment on column queue_events.text is
'What the line says, where its kind does not say it all';
