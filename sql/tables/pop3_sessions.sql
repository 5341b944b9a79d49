-- One row per POP3 session
create table if not exists pop3_sessions (
    session_key bigint not null,
    host varchar,
    username varchar,
    client_ip varchar,
    server_ip varchar,
    method varchar,
    is_tls boolean,
    session_id varchar,
    pid integer,
    login_at timestamptz,
    logout_at timestamptz,
    end_reason varchar,
    end_text varchar,
    in_bytes bigint,
    out_bytes bigint,
    top_count bigint,
    top_bytes bigint,
    retr_count bigint,
    retr_bytes bigint,
    deleted_count bigint,
    mailbox_count bigint,
    deleted_bytes bigint,
    mailbox_bytes bigint,
    uidl_change varchar,
    destination varchar,
    paired_by varchar,
    login_key bigint,
    logout_key bigint
);

comment on column pop3_sessions.session_key is 'Its first line (log_lines)';
comment on column pop3_sessions.host is 'Server';
comment on column pop3_sessions.username is 'User';
comment on column pop3_sessions.client_ip is 'Address of the client';
comment on column pop3_sessions.server_ip is 'Address that the client connected to';
comment on column pop3_sessions.method is 'SASL mechanism';
comment on column pop3_sessions.is_tls is
'Whether TLS protected it; NULL where no login line was seen';
comment on column pop3_sessions.session_id is 'Dovecot session id';
comment on column pop3_sessions.pid is 'Process that served it';
comment on column pop3_sessions.login_at is 'When the user logged in; NULL where not seen';
comment on column pop3_sessions.logout_at is 'When the session ended; NULL where not seen';
comment on column pop3_sessions.end_reason is
'logged out, inactivity, connection closed, kicked, server shutdown or error';
comment on column pop3_sessions.end_text is 'How it ended, in Dovecot''s words';
comment on column pop3_sessions.in_bytes is 'Bytes from the client, where logged';
comment on column pop3_sessions.out_bytes is 'Bytes to the client, where logged';
comment on column pop3_sessions.top_count is 'TOP commands';
comment on column pop3_sessions.top_bytes is 'Bytes sent by TOP';
comment on column pop3_sessions.retr_count is 'RETR commands: messages fetched';
comment on column pop3_sessions.retr_bytes is 'Bytes sent by RETR';
comment on column pop3_sessions.deleted_count is 'Messages deleted';
comment on column pop3_sessions.mailbox_count is
'Messages in the mailbox before deletion; NULL from Dovecot 2.4 on, which logs bytes instead';
comment on column pop3_sessions.deleted_bytes is
'Bytes of deleted messages (Dovecot 2.4 and later, or where logged)';
comment on column pop3_sessions.mailbox_bytes is 'Size of the mailbox before deletion';
comment on column pop3_sessions.uidl_change is
'Count and hash of the message ids before and after, where logged';
comment on column pop3_sessions.destination is 'Server that a proxy handed it over to';
comment on column pop3_sessions.paired_by is
'How login and end were found to belong together: session, process, address or user (a guess)';
comment on column pop3_sessions.login_key is 'The login (logins)';
comment on column pop3_sessions.logout_key is 'The logout line (log_lines)';
