-- One row per IMAP session
create table if not exists imap_sessions (
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
    deleted_count bigint,
    expunged_count bigint,
    autoexpunged_count bigint,
    trashed_count bigint,
    appended_count bigint,
    header_count bigint,
    header_bytes bigint,
    body_count bigint,
    body_bytes bigint,
    destination varchar,
    paired_by varchar,
    login_key bigint,
    logout_key bigint
);

comment on column imap_sessions.session_key is 'Its first line (log_lines)';
comment on column imap_sessions.host is 'Server';
comment on column imap_sessions.username is 'User';
comment on column imap_sessions.client_ip is 'Address of the client';
comment on column imap_sessions.server_ip is 'Address that the client connected to';
comment on column imap_sessions.method is 'SASL mechanism';
comment on column imap_sessions.is_tls is
'Whether TLS protected it; NULL where no login line was seen';
comment on column imap_sessions.session_id is 'Dovecot session id';
comment on column imap_sessions.pid is 'Process that served it';
comment on column imap_sessions.login_at is 'When the user logged in; NULL where not seen';
comment on column imap_sessions.logout_at is 'When the session ended; NULL where not seen';
comment on column imap_sessions.end_reason is
'logged out, inactivity, connection closed, kicked, server shutdown or error';
comment on column imap_sessions.end_text is 'How it ended, in Dovecot''s words';
comment on column imap_sessions.in_bytes is 'Bytes from the client';
comment on column imap_sessions.out_bytes is 'Bytes to the client';
comment on column imap_sessions.deleted_count is
'Messages marked as deleted (Dovecot 2.3 and later, as all that follow)';
comment on column imap_sessions.expunged_count is 'Messages removed for good';
comment on column imap_sessions.autoexpunged_count is
'Messages removed because of their age, where logged';
comment on column imap_sessions.trashed_count is 'Messages copied or moved to the trash';
comment on column imap_sessions.appended_count is 'Messages that the client stored, where logged';
comment on column imap_sessions.header_count is 'Headers fetched';
comment on column imap_sessions.header_bytes is 'Bytes of headers fetched';
comment on column imap_sessions.body_count is 'Bodies fetched, whole or in part';
comment on column imap_sessions.body_bytes is 'Bytes of bodies fetched';
comment on column imap_sessions.destination is 'Server that a proxy handed it over to';
comment on column imap_sessions.paired_by is
'How login and end were found to belong together: session, process, address or user (a guess)';
comment on column imap_sessions.login_key is 'The login (logins)';
comment on column imap_sessions.logout_key is 'The line that ended it (log_lines)';
