-- One row per message that Dovecot's submission service handed over, or could not
create table if not exists submissions (
    submission_key bigint not null,
    logged_at timestamptz,
    host varchar,
    username varchar,
    pid integer,
    session_id varchar,
    is_success boolean not null,
    sender varchar,
    recipient varchar,
    size_bytes bigint,
    recipient_count integer,
    transaction_id varchar,
    reply varchar,
    reply_code integer,
    queue_id varchar
);

comment on column submissions.submission_key is 'Its line (log_lines)';
comment on column submissions.logged_at is 'When';
comment on column submissions.host is 'Server';
comment on column submissions.username is 'User who sent it';
comment on column submissions.pid is 'Process that served the user';
comment on column submissions.session_id is 'Dovecot session id';
comment on column submissions.is_success is 'Whether it was handed over';
comment on column submissions.sender is 'Envelope sender';
comment on column submissions.recipient is 'Envelope recipient, where replies differ by recipient';
comment on column submissions.size_bytes is 'Size of the message';
comment on column submissions.recipient_count is 'Envelope recipients';
comment on column submissions.transaction_id is 'Id of the SMTP transaction';
comment on column submissions.reply is 'What the mail transfer agent answered';
comment on column submissions.reply_code is 'SMTP reply code in it (RFC 5321)';
comment on column submissions.queue_id is 'Queue id that it got there';
