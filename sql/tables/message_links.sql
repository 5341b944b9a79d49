-- One row per message that came of another one
create table if not exists message_links (
    child_key bigint not null,
    parent_key bigint not null,
    reason varchar not null,
    evidence varchar not null,
    link_key bigint not null,
    child_queue_id varchar not null,
    parent_queue_id varchar not null
);

comment on column message_links.child_key is 'The message (messages)';
comment on column message_links.parent_key is 'The message that it came of (messages)';
comment on column message_links.reason is
'filter, next hop, forward, requeue, bounce, delay notice, success notice or postmaster notice';
comment on column message_links.evidence is
'What tells it: orig_queue_id, notification, requeued to, forwarded as, queued as (and the same
message-id), sieve redirect, message-id; "queued as, at that time": no message-id agrees, and none differs';
comment on column message_links.link_key is 'The line that tells it (log_lines)';
comment on column message_links.child_queue_id is 'Queue id of the message';
comment on column message_links.parent_queue_id is 'Queue id of the one that it came of';
