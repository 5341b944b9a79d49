-- One row per delivery attempt for one recipient
create table if not exists deliveries (
    delivery_key bigint not null,
    message_key bigint not null,
    logged_at timestamptz,
    host varchar,
    queue_id varchar not null,
    agent varchar not null,
    service varchar,
    recipient varchar,
    orig_recipient varchar,
    relay varchar,
    relay_name varchar,
    relay_ip varchar,
    relay_port integer,
    conn_use integer,
    delay_seconds double,
    before_qmgr_seconds double,
    in_qmgr_seconds double,
    connection_seconds double,
    transmission_seconds double,
    tls_level varchar,
    tls_trust varchar,
    tls_protocol varchar,
    tls_cipher varchar,
    dsn varchar,
    status varchar,
    reply varchar using compression 'zstd',
    reply_code integer,
    reply_dsn varchar,
    remote_queue_id varchar,
    remote_session_id varchar,
    own_outcome varchar
);

comment on column deliveries.delivery_key is 'Its line (log_lines)';
comment on column deliveries.message_key is 'The message (messages)';
comment on column deliveries.logged_at is 'When the attempt ended';
comment on column deliveries.host is 'Mail server that delivered';
comment on column deliveries.queue_id is 'Queue id of the message';
comment on column deliveries.agent is
'Delivery agent: smtp, lmtp, local, virtual, pipe, error, ...';
comment on column deliveries.service is 'Service label in the program name, such as relay';
comment on column deliveries.recipient is 'Envelope recipient after rewriting';
comment on column deliveries.orig_recipient is
'Recipient before alias or virtual rewriting, if different';
comment on column deliveries.relay is 'The relay field as logged';
comment on column deliveries.relay_name is 'Host or service that took it; NULL for none';
comment on column deliveries.relay_ip is
'Address of the next hop; NULL for local agents and sockets';
comment on column deliveries.relay_port is 'Port of the next hop';
comment on column deliveries.conn_use is 'Which use of a cached connection; NULL on the first';
comment on column deliveries.delay_seconds is 'From arrival to the end of this attempt';
comment on column deliveries.before_qmgr_seconds is 'delays: from arrival to the active queue';
comment on column deliveries.in_qmgr_seconds is 'delays: waiting in the active queue';
comment on column deliveries.connection_seconds is 'delays: DNS, connecting, HELO, TLS';
comment on column deliveries.transmission_seconds is 'delays: transmitting the message';
comment on column deliveries.tls_level is 'The tls field (Postfix 3.11 and later)';
comment on column deliveries.tls_trust is
'Anonymous, Untrusted, Trusted or Verified server certificate';
comment on column deliveries.tls_protocol is
'Such as TLSv1.3, where a TLS line of the same process tells it (smtp_tls_loglevel)';
comment on column deliveries.tls_cipher is 'TLS cipher';
comment on column deliveries.dsn is 'Enhanced status code (RFC 3463)';
comment on column deliveries.status is 'sent, deferred, bounced, ...';
comment on column deliveries.reply is 'The text in parentheses: the remote reply or the reason';
comment on column deliveries.reply_code is 'SMTP reply code in that text (RFC 5321)';
comment on column deliveries.reply_dsn is
'Enhanced status code in that text: the remote server''s own';
comment on column deliveries.remote_queue_id is
'Queue id that the next hop gave it, or that it was forwarded as';
comment on column deliveries.remote_session_id is
'Id that Dovecot''s LMTP server gave the transaction (mailbox_deliveries)';
comment on column deliveries.own_outcome is
'What became of the recipient as far as this line tells; delivery_outcomes knows of content filters';
