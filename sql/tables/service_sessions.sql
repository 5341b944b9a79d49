-- One row per session with another of Dovecot's services: ManageSieve or submission
create table if not exists service_sessions (
    session_key bigint not null,
    host varchar,
    protocol varchar not null,
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
    destination varchar,
    paired_by varchar,
    login_key bigint,
    logout_key bigint
);

comment on column service_sessions.session_key is 'Its first line (log_lines)';
comment on column service_sessions.host is 'Server';
comment on column service_sessions.protocol is 'sieve or submission';
comment on column service_sessions.username is 'User';
comment on column service_sessions.client_ip is 'Address of the client';
comment on column service_sessions.server_ip is 'Address that the client connected to';
comment on column service_sessions.method is 'SASL mechanism';
comment on column service_sessions.is_tls is
'Whether TLS protected it; NULL where no login line was seen';
comment on column service_sessions.session_id is 'Dovecot session id';
comment on column service_sessions.pid is 'Process that served it';
comment on column service_sessions.login_at is 'When the user logged in; NULL where not seen';
comment on column service_sessions.logout_at is 'When the session ended; NULL where not seen';
comment on column service_sessions.end_reason is
'logged out, inactivity, connection closed, kicked, server shutdown or error';
comment on column service_sessions.end_text is 'How it ended, in Dovecot''s words';
comment on column service_sessions.in_bytes is 'Bytes from the client';
comment on column service_sessions.out_bytes is 'Bytes to the client';
comment on column service_sessions.destination is 'Server that a proxy handed it over to';
comment on column service_sessions.paired_by is
'How login and end were found to belong together: session, process, address or user (a guess)';
comment on column service_sessions.login_key is 'The login (logins)';
comment on column service_sessions.logout_key is 'The line that ended it (log_lines)';
