-- One row per message: the life of a queue file, whose queue id may be used again
create table if not exists messages (
    message_key bigint not null,
    host varchar,
    instance varchar,
    queue_id varchar not null,
    connection_key bigint,
    birth_kind varchar,
    origin varchar,
    service varchar,
    client_name varchar,
    client_ip varchar,
    client_port integer,
    sasl_method varchar,
    sasl_username varchar,
    sasl_sender varchar,
    orig_client_name varchar,
    orig_client_ip varchar,
    orig_queue_id varchar,
    uid integer,
    message_id varchar,
    sender varchar,
    size_bytes bigint,
    recipient_count integer,
    last_recipient_count integer,
    activation_count integer not null,
    queued_at timestamptz,
    removed_at timestamptz,
    end_reason varchar,
    state varchar,
    state_at timestamptz,
    root_key bigint,
    subject varchar,
    last_logged_at timestamptz
);

comment on column messages.message_key is 'Its first line (log_lines)';
comment on column messages.host is 'Mail server whose queue held it';
comment on column messages.instance is 'Postfix instance: first part of the program name';
comment on column messages.queue_id is 'Queue id; unique only within host, instance and time';
comment on column messages.connection_key is 'Connection that brought it (connections)';
comment on column messages.birth_kind is
'Kind of the line that gave the queue id out; NULL where there is none or it was not seen';
comment on column messages.origin is
'smtp, pickup, qmqp; filter, forward, requeue, bounce, delay notice, success notice, postmaster '
'notice (message_links); probe; NULL where no line tells it';
comment on column messages.service is 'Service label of the smtpd that took it, such as submission';
comment on column messages.client_name is 'Verified name of the client; NULL where unknown';
comment on column messages.client_ip is 'Address of the client';
comment on column messages.client_port is 'Port of the client (smtpd_client_port_logging)';
comment on column messages.sasl_method is 'SASL mechanism of the login that sent it';
comment on column messages.sasl_username is 'SASL login name that sent it';
comment on column messages.sasl_sender is 'Sender that the AUTH= parameter names (xtext)';
comment on column messages.orig_client_name is
'Name of the client before a content filter, where that tells it (XFORWARD)';
comment on column messages.orig_client_ip is 'Address of that client';
comment on column messages.orig_queue_id is
'Queue id that it had before: ahead of a content filter (XFORWARD), or of postsuper -r';
comment on column messages.uid is 'Unix user id that submitted it with sendmail';
comment on column messages.message_id is
'Message-ID without its angle brackets; the first of several';
comment on column messages.sender is 'Envelope sender; empty for the null sender';
comment on column messages.size_bytes is 'Size of its content';
comment on column messages.recipient_count is 'Recipients at its first activation (nrcpt)';
comment on column messages.last_recipient_count is 'Recipients at its last activation (nrcpt)';
comment on column messages.activation_count is
'How often it entered the active queue: once, and again for each retry';
comment on column messages.queued_at is 'Time of its first line';
comment on column messages.removed_at is 'When it left the queue';
comment on column messages.end_reason is
'removed, expired, canceled, discarded, deleted or requeued (postsuper), filtered (put back by
MailScanner under another id); NULL while in the queue';
comment on column messages.state is
'What became of it: in queue, on hold, arriving; delivered, partly delivered, forwarded, '
'filtered, discarded, bounced, expired; deleted, requeued; refused, given up; probed, removed '
'(message_states)';
comment on column messages.state_at is
'Since when: when it left the queue, was put on hold, refused or given up; else when it was queued';
comment on column messages.root_key is
'First message of its family: the one that it came of, directly or not (messages); its own key '
'where it came of none';
comment on column messages.subject is
'Subject header, where a check of headers (header_checks) logged it; encoded words are in clear '
'where their charset is known and they hold printable text';
comment on column messages.last_logged_at is 'Time of its last line';
