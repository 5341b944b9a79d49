-- One row per login attempt that a line tells of, by any protocol
create table if not exists logins (
    login_key bigint not null,
    connection_key bigint,
    logged_at timestamptz,
    host varchar,
    protocol varchar not null,
    is_success boolean not null,
    username varchar,
    client_name varchar,
    client_ip varchar,
    server_ip varchar,
    peer_ip varchar,
    destination varchar,
    method varchar,
    failure varchar,
    reason varchar,
    attempt_count integer,
    attempt_seconds integer,
    is_tls boolean,
    tls_protocol varchar,
    tls_cipher varchar,
    session_id varchar,
    occurrences integer default 1
);

comment on column logins.login_key is 'Its line (log_lines)';
comment on column logins.connection_key is 'SMTP connection in which it happened (connections)';
comment on column logins.logged_at is 'When';
comment on column logins.host is 'Server that was logged in to';
comment on column logins.protocol is 'smtp, pop3, imap, sieve, submission or imap-urlauth';
comment on column logins.is_success is 'Whether the login succeeded';
comment on column logins.username is 'Login name as the client gave it; NULL where none was logged';
comment on column logins.client_name is 'Verified name of the client (smtp only)';
comment on column logins.client_ip is 'Address of the client';
comment on column logins.server_ip is 'Address that the client connected to';
comment on column logins.peer_ip is
'Address of the proxy in front that connected (real_rip), where logged';
comment on column logins.destination is 'Server that a Dovecot proxy handed the session over to';
comment on column logins.method is 'SASL mechanism';
comment on column logins.failure is
'Why it failed, in a few words: authentication failed, no attempts, plaintext refused';
comment on column logins.reason is 'Why it failed, as logged';
comment on column logins.attempt_count is
'Attempts in the connection; 0 where none was made; NULL where not said';
comment on column logins.attempt_seconds is 'Seconds that they took';
comment on column logins.is_tls is
'Whether TLS protected it; false also where no line says so, but the same smtpd service told of '
'TLS in the hour before; NULL where nothing tells, or where its line may be among those that '
'syslog or the journal lost (lines_lost in notices): within an hour, of the process named';
comment on column logins.tls_protocol is 'Such as TLSv1.3, where login_log_format has it';
comment on column logins.tls_cipher is 'TLS cipher, where login_log_format has it';
comment on column logins.session_id is 'Dovecot session id';
comment on column logins.occurrences is
'How many attempts alike the row stands for: syslog may write only how often a line came';
