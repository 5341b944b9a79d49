-- One row per line in which Dovecot's auth process, PAM for it, or a login process speaks of a user
create table if not exists auth_events (
    auth_event_key bigint not null,
    logged_at timestamptz,
    host varchar,
    driver varchar,
    username varchar,
    client_ip varchar,
    session_id varchar,
    method varchar,
    is_master boolean not null,
    outcome varchar not null,
    is_final boolean not null,
    text varchar,
    line_count integer not null
);

comment on column auth_events.auth_event_key is 'Its line (log_lines)';
comment on column auth_events.logged_at is 'When';
comment on column auth_events.host is 'Server';
comment on column auth_events.driver is
'Password database, user database or mechanism that says it; policy; login: no password was seen';
comment on column auth_events.username is 'Login name as the client gave it; NULL where not known';
comment on column auth_events.client_ip is
'Address of the client; NULL for a look-up by a delivery';
comment on column auth_events.session_id is
'Session id; NULL for a client other than Dovecot, such as Postfix';
comment on column auth_events.method is 'SASL mechanism (Dovecot 2.4 and later)';
comment on column auth_events.is_master is 'Whether a master user is spoken of';
comment on column auth_events.outcome is
'wrong password, unknown user, plaintext refused, refused by policy, not allowed, master user, ...';
comment on column auth_events.is_final is 'Whether no other database is asked after this';
comment on column auth_events.text is 'What it says, without what was given as the password';
comment on column auth_events.line_count is
'How many lines alike the row stands for: syslog may write only how often a line came';
