-- One row per client connection: of smtpd and qmqpd, and of postscreen where it ended there
create table if not exists connections (
    connection_key bigint not null,
    host varchar,
    instance varchar,
    daemon varchar,
    service varchar,
    pid integer,
    client_name varchar,
    client_ip varchar,
    client_port integer,
    connected_at timestamptz,
    disconnected_at timestamptz,
    end_reason varchar,
    end_stage varchar,
    end_content_bytes bigint,
    helo_name varchar,
    tls_trust varchar,
    tls_protocol varchar,
    tls_cipher varchar,
    sasl_method varchar,
    sasl_username varchar,
    message_count integer not null,
    rejection_count integer not null,
    helo_ok integer,
    helo_total integer,
    ehlo_ok integer,
    ehlo_total integer,
    xclient_ok integer,
    xclient_total integer,
    xforward_ok integer,
    xforward_total integer,
    starttls_ok integer,
    starttls_total integer,
    auth_ok integer,
    auth_total integer,
    mail_ok integer,
    mail_total integer,
    rcpt_ok integer,
    rcpt_total integer,
    data_ok integer,
    data_total integer,
    bdat_ok integer,
    bdat_total integer,
    rset_ok integer,
    rset_total integer,
    noop_ok integer,
    noop_total integer,
    vrfy_ok integer,
    vrfy_total integer,
    etrn_ok integer,
    etrn_total integer,
    quit_ok integer,
    quit_total integer,
    help_ok integer,
    help_total integer,
    unknown_ok integer,
    unknown_total integer,
    commands_ok integer,
    commands_total integer,
    notes varchar
);

comment on column connections.connection_key is
'Its first line (log_lines), the connect line if seen';
comment on column connections.host is 'Mail server that took the connection';
comment on column connections.instance is 'Postfix instance: first part of the program name';
comment on column connections.daemon is 'smtpd, qmqpd or postscreen';
comment on column connections.service is 'Service label in the program name, such as submission';
comment on column connections.pid is 'Process that served it';
comment on column connections.client_name is 'Verified name of the client; NULL where unknown';
comment on column connections.client_ip is 'Address of the client';
comment on column connections.client_port is 'Port of the client (smtpd_client_port_logging)';
comment on column connections.connected_at is 'Time of the connect line';
comment on column connections.disconnected_at is 'Time of the disconnect line';
comment on column connections.end_reason is
'lost connection, timeout, too many errors, hangup, busy; else disconnected; NULL while open';
comment on column connections.end_stage is 'SMTP command after which it was lost';
comment on column connections.end_content_bytes is
'Bytes of message content received when it ended in DATA or BDAT';
comment on column connections.helo_name is 'HELO or EHLO name, where a line tells it';
comment on column connections.tls_trust is 'Anonymous, Untrusted or Trusted client certificate';
comment on column connections.tls_protocol is 'Such as TLSv1.3; NULL where no TLS line was seen';
comment on column connections.tls_cipher is 'TLS cipher';
comment on column connections.sasl_method is 'SASL mechanism of the first message sent in it';
comment on column connections.sasl_username is 'SASL login name of the first message sent in it';
comment on column connections.message_count is 'Messages that began in it';
comment on column connections.rejection_count is
'Decisions about it, of which some only mark (rejections)';
comment on column connections.helo_ok is 'HELO commands accepted';
comment on column connections.helo_total is 'HELO commands';
comment on column connections.ehlo_ok is 'EHLO commands accepted';
comment on column connections.ehlo_total is 'EHLO commands';
comment on column connections.xclient_ok is 'XCLIENT commands accepted';
comment on column connections.xclient_total is 'XCLIENT commands';
comment on column connections.xforward_ok is 'XFORWARD commands accepted';
comment on column connections.xforward_total is 'XFORWARD commands';
comment on column connections.starttls_ok is 'STARTTLS commands accepted';
comment on column connections.starttls_total is 'STARTTLS commands';
comment on column connections.auth_ok is 'AUTH commands accepted';
comment on column connections.auth_total is 'AUTH commands';
comment on column connections.mail_ok is 'MAIL commands accepted';
comment on column connections.mail_total is 'MAIL commands';
comment on column connections.rcpt_ok is 'RCPT commands accepted';
comment on column connections.rcpt_total is 'RCPT commands';
comment on column connections.data_ok is 'DATA commands accepted';
comment on column connections.data_total is 'DATA commands';
comment on column connections.bdat_ok is 'BDAT commands accepted';
comment on column connections.bdat_total is 'BDAT commands';
comment on column connections.rset_ok is 'RSET commands accepted';
comment on column connections.rset_total is 'RSET commands';
comment on column connections.noop_ok is 'NOOP commands accepted';
comment on column connections.noop_total is 'NOOP commands';
comment on column connections.vrfy_ok is 'VRFY commands accepted';
comment on column connections.vrfy_total is 'VRFY commands';
comment on column connections.etrn_ok is 'ETRN commands accepted';
comment on column connections.etrn_total is 'ETRN commands';
comment on column connections.quit_ok is 'QUIT commands accepted';
comment on column connections.quit_total is 'QUIT commands';
comment on column connections.help_ok is 'HELP commands accepted';
comment on column connections.help_total is 'HELP commands';
comment on column connections.unknown_ok is 'Unknown commands accepted';
comment on column connections.unknown_total is 'Unknown commands';
comment on column connections.commands_ok is 'Commands accepted; NULL before Postfix 3.0';
comment on column connections.commands_total is 'Commands; NULL before Postfix 3.0';
comment on column connections.notes is
'What smtpd remarks at the end, such as bare_lf (Postfix 3.9)';
