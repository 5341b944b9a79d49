-- One row per change in a mailbox that the mail_log plugin, or Sieve in IMAP, tells of
create table if not exists mailbox_events (
    mailbox_event_key bigint not null,
    logged_at timestamptz,
    host varchar,
    service varchar,
    username varchar,
    client_ip varchar,
    pid integer,
    session_id varchar,
    event varchar,
    mailbox varchar,
    source varchar,
    new_name varchar,
    uid varchar,
    message_id varchar,
    size_bytes bigint,
    virtual_size_bytes bigint,
    sender varchar,
    subject varchar,
    flags varchar,
    text varchar,
    occurrences integer default 1,
    is_client_named boolean
);

comment on column mailbox_events.mailbox_event_key is 'Its line (log_lines)';
comment on column mailbox_events.logged_at is 'When it was committed';
comment on column mailbox_events.host is 'Server';
comment on column mailbox_events.service is
'Service in which it happened: imap, pop3, lmtp, doveadm, ...';
comment on column mailbox_events.username is 'User whose mailbox it is';
comment on column mailbox_events.client_ip is
'Address of the client: as the line names it, else that of the login of its session';
comment on column mailbox_events.pid is 'Process in which it happened';
comment on column mailbox_events.session_id is 'Session in which it happened';
comment on column mailbox_events.event is
'saved, copied, expunged, marked as deleted, flags changed, mailbox created, ...';
comment on column mailbox_events.mailbox is 'Mailbox that changed';
comment on column mailbox_events.source is 'Mailbox that was copied from';
comment on column mailbox_events.new_name is 'New name of a mailbox that was renamed';
comment on column mailbox_events.uid is 'IMAP UID of the message, or several of them';
comment on column mailbox_events.message_id is 'Message-ID header, without its angle brackets';
comment on column mailbox_events.size_bytes is 'Size of the message';
comment on column mailbox_events.virtual_size_bytes is 'Its size with CRLF line ends';
comment on column mailbox_events.sender is 'Address in its From header';
comment on column mailbox_events.subject is 'Its subject';
comment on column mailbox_events.flags is 'Its flags after the change';
comment on column mailbox_events.text is 'What the line says, where that is no list of keys';
comment on column mailbox_events.occurrences is
'How many changes alike the row stands for: syslog may write only how often a line came';
comment on column mailbox_events.is_client_named is 'Whether the line itself names the client';
