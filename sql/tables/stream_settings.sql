-- One row per stretch of a log stream that was read with the same settings
create table if not exists stream_settings (
    file_key integer not null,
    first_line_no bigint not null,
    host varchar,
    year integer,
    reference_date date,
    timezone varchar not null,
    dovecot_prefix varchar,
    forms_sha256 varchar
);

comment on column stream_settings.file_key is 'The stream (log_files)';
comment on column stream_settings.first_line_no is
'The first line that they hold for; the last is the one before the next row of the stream';
comment on column stream_settings.host is 'Host of lines that name none, if it was given (--host)';
comment on column stream_settings.year is
'Year of the first stamp without one: given (--year), or else chosen when it was loaded';
comment on column stream_settings.reference_date is
'Last change of the log: most of the last stamps whose year is chosen are not after this day; NULL
while no line has such a stamp';
comment on column stream_settings.timezone is 'Zone of stamps that have none';
comment on column stream_settings.dovecot_prefix is
'mail_log_prefix of lines of Dovecot, if it was given (--dovecot-prefix)';
comment on column stream_settings.forms_sha256 is
'Forms of one''s own (site_forms), if any were given (--forms)';
