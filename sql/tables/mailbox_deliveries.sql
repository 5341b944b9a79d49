-- One row per line that tells what became of a message at a mailbox of Dovecot
create table if not exists mailbox_deliveries (
    mailbox_delivery_key bigint not null,
    logged_at timestamptz,
    host varchar,
    agent varchar not null,
    username varchar,
    pid integer,
    session_id varchar,
    action varchar,
    is_sieve boolean not null,
    mailbox varchar,
    target varchar,
    text varchar,
    message_id varchar,
    sender varchar,
    subject varchar,
    size_bytes bigint,
    delivery_seconds double,
    remote_session_id varchar,
    occurrences integer default 1
);

comment on column mailbox_deliveries.mailbox_delivery_key is 'Its line (log_lines)';
comment on column mailbox_deliveries.logged_at is 'When';
comment on column mailbox_deliveries.host is 'Server that holds the mailbox';
comment on column mailbox_deliveries.agent is 'lmtp or lda';
comment on column mailbox_deliveries.username is 'User whose mailbox it is';
comment on column mailbox_deliveries.pid is 'Process that delivered';
comment on column mailbox_deliveries.session_id is
'Id of the LMTP transaction; Postfix has it in its reply';
comment on column mailbox_deliveries.action is
'stored, forwarded, discarded, rejected, answered, duplicate, quota full, failed, ...';
comment on column mailbox_deliveries.is_sieve is 'Whether a Sieve script decided it';
comment on column mailbox_deliveries.mailbox is 'Mailbox; NULL where none is named';
comment on column mailbox_deliveries.target is
'Address, program or server that it went to; sender who was answered';
comment on column mailbox_deliveries.text is 'Reason or reply, as logged';
comment on column mailbox_deliveries.message_id is 'Message-ID header, without its angle brackets';
comment on column mailbox_deliveries.sender is 'Sender, where deliver_log_format has it';
comment on column mailbox_deliveries.subject is 'Subject, where deliver_log_format has it';
comment on column mailbox_deliveries.size_bytes is 'Size, where deliver_log_format has it';
comment on column mailbox_deliveries.delivery_seconds is
'How long it took, where deliver_log_format has it';
comment on column mailbox_deliveries.remote_session_id is
'Id of the transaction on the server that an LMTP proxy passed it on to';
comment on column mailbox_deliveries.occurrences is
'How many lines alike the row stands for: syslog may write only how often a line came';
