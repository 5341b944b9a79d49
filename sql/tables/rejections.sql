-- One row per decision of smtpd, cleanup or postscreen that stopped or marked mail
create table if not exists rejections (
    rejection_key bigint not null,
    connection_key bigint,
    message_key bigint,
    queue_id varchar,
    logged_at timestamptz,
    host varchar,
    daemon varchar,
    service varchar,
    kind varchar not null,
    action varchar not null,
    stage varchar,
    client_name varchar,
    client_ip varchar,
    client_port integer,
    reply_code integer,
    dsn varchar,
    reason varchar,
    content varchar,
    sender varchar,
    recipient varchar,
    protocol varchar,
    helo_name varchar,
    sasl_method varchar,
    sasl_username varchar,
    occurrences integer default 1
);

comment on column rejections.rejection_key is 'Its line (log_lines)';
comment on column rejections.connection_key is 'Connection in which it happened (connections)';
comment on column rejections.message_key is
'The message; NULL where none came of it (messages)';
comment on column rejections.queue_id is 'Queue id in the line; NULL for NOQUEUE';
comment on column rejections.logged_at is 'When it was decided';
comment on column rejections.host is 'Mail server that decided';
comment on column rejections.daemon is 'smtpd, cleanup or postscreen';
comment on column rejections.service is 'Service label of the daemon, such as submission';
comment on column rejections.kind is 'Kind of its line (line_kinds)';
comment on column rejections.action is
'reject, reject_warning, milter-reject, hold, discard, redirect, warn, limit, pregreet, ...';
comment on column rejections.stage is
'SMTP command at which it was decided; header, body or content where cleanup checked those';
comment on column rejections.client_name is 'Verified name of the client; NULL where unknown';
comment on column rejections.client_ip is 'Address of the client';
comment on column rejections.client_port is 'Port of the client, where it is logged';
comment on column rejections.reply_code is 'SMTP reply code (RFC 5321)';
comment on column rejections.dsn is 'Enhanced status code (RFC 3463)';
comment on column rejections.reason is 'The text of the decision';
comment on column rejections.content is
'What the decision is about: the header or body line, the input, the DNSBL score';
comment on column rejections.sender is 'Envelope sender; empty for the null sender';
comment on column rejections.recipient is 'Envelope recipient';
comment on column rejections.protocol is 'SMTP, ESMTP or QMQP';
comment on column rejections.helo_name is 'HELO name as logged';
comment on column rejections.sasl_method is 'SASL mechanism (Postfix 3.10 and later)';
comment on column rejections.sasl_username is 'SASL login name (Postfix 3.10 and later)';
comment on column rejections.occurrences is
'How many decisions alike the row stands for: syslog may write only how often a line came';
