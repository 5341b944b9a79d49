-- One row per result of a check that a filter tells in a line (message_checks tells the messages)
create table if not exists check_results (
    check_key bigint not null,
    check_name varchar not null,
    logged_at timestamptz,
    host varchar,
    program varchar not null,
    queue_id varchar,
    result varchar,
    action varchar,
    domain varchar,
    score double,
    threshold double,
    waited_seconds double,
    client_name varchar,
    client_ip varchar,
    sender varchar,
    recipient varchar,
    message_id varchar,
    text varchar,
    is_certain boolean,
    occurrences integer default 1
);

comment on column check_results.check_key is 'Its line (log_lines)';
comment on column check_results.check_name is
'spf, dkim, dmarc, arc, spam, virus, greylist or policy; a line may tell several';
comment on column check_results.logged_at is 'When';
comment on column check_results.host is 'Host of the filter';
comment on column check_results.program is 'The filter, as the line names it';
comment on column check_results.queue_id is 'Queue id that the filter names';
comment on column check_results.result is
'pass, fail, softfail, neutral, none, temperror, permerror or signed of a proof of origin; clean, '
'spam or spammy; clean or infected; greylisted, passed; else the word of the filter; NULL where '
'the line leaves it in doubt';
comment on column check_results.is_certain is
'Whether nobody but the filter can have written the result: rspamd does not quote what the mail or '
'its DNS says, so a rule that stands behind such text may be the sender''s own';
comment on column check_results.action is 'What the filter did or asked for, where it says that';
comment on column check_results.domain is
'Domain that was checked: signing, of the sender or HELO name, or in the From header';
comment on column check_results.score is 'Score, where the filter gives one';
comment on column check_results.threshold is 'Score from which the filter acts';
comment on column check_results.waited_seconds is
'How long greylisting held a client back before this passed';
comment on column check_results.client_name is 'Name of the client, as the filter knows it';
comment on column check_results.client_ip is 'Address of the client';
comment on column check_results.sender is 'Envelope sender; empty for the null sender';
comment on column check_results.recipient is 'Envelope recipient, where one is named';
comment on column check_results.message_id is 'Message-ID without its angle brackets';
comment on column check_results.text is
'What else is said: name of the virus or file, reason of greylisting, rules that matched, what SPF '
'is about (mailfrom or helo)';
comment on column check_results.occurrences is
'How many lines alike the row stands for: syslog may write only how often a line came';
