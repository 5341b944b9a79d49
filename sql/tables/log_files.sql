-- One row per log stream ever loaded, whatever its file is called after rotation
create table if not exists log_files (
    file_key integer not null,
    path varchar not null,
    compression varchar,
    identity_bytes integer not null,
    identity_sha256 varchar not null,
    loaded_bytes bigint not null,
    loaded_lines bigint not null,
    tail_bytes integer not null,
    tail_sha256 varchar not null,
    first_logged_at timestamptz,
    last_logged_at timestamptz,
    last_local_date date,
    branch_of integer,
    is_proven boolean not null,
    rotation varchar,
    first_line_sha256 varchar,
    is_once boolean,
    year_source varchar,
    journal_cursor varchar,
    pseudonym_key varchar,
    pseudonyms_keep varchar,
    original_bytes bigint,
    resumed_byte bigint,
    original_resumed_byte bigint
);

comment on column log_files.file_key is 'Number of the stream, in the order of first loading';
comment on column log_files.path is
'Where the stream was last seen; - is standard input, journal or journal:PLACE one of systemd';
comment on column log_files.compression is
'gzip, bzip2, xz, zstd, lzma or journal export (journalctl -o export, read as -o json writes it);
NULL for plain text and standard input';
comment on column log_files.identity_bytes is 'How many first bytes identify the stream';
comment on column log_files.identity_sha256 is 'SHA-256 of those first bytes, uncompressed';
comment on column log_files.loaded_bytes is
'Uncompressed bytes loaded; the next load continues here';
comment on column log_files.loaded_lines is 'Lines loaded';
comment on column log_files.tail_bytes is 'How many last loaded bytes prove the continuation';
comment on column log_files.tail_sha256 is 'SHA-256 of those last loaded bytes';
comment on column log_files.first_logged_at is 'Time of the first line that has one';
comment on column log_files.last_logged_at is 'Time of the last line loaded that has one';
comment on column log_files.last_local_date is
'Date of the last stamp without a year; the next such stamp takes its year from it';
comment on column log_files.branch_of is
'The stream (log_files) that it shares its beginning with, which is loaded there; NULL where none';
comment on column log_files.is_proven is
'Whether its batches have a hash tree (--prove); those that are loaded later get one as well';
comment on column log_files.rotation is
'Folder and base name that it grew under, as all parts of a rotated log; NULL where none';
comment on column log_files.first_line_sha256 is
'SHA-256 of its first line: streams of few bytes are found by it; NULL where that is very long';
comment on column log_files.is_once is
'Whether each of its lines stands there twice and counts once (--once); NULL as false';
comment on column log_files.year_source is
'What tells the year of stamps without one: --year, file time, file name, next part (of its
rotation) or load time (standard input); NULL while no line has such a stamp';
comment on column log_files.journal_cursor is
'Of the journal of systemd: cursor of the last entry loaded, behind which the next load goes on;
NULL for all other logs';
comment on column log_files.pseudonym_key is
'Fingerprint of the key that its pseudonyms are made with (load --pseudonymize); NULL in clear.
Bytes, hashes and lines are those of the log with pseudonyms';
comment on column log_files.pseudonyms_keep is
'What stayed in clear: domains, networks, both, or nothing; NULL where all is in clear';
comment on column log_files.original_bytes is
'Bytes of the log itself that are loaded; NULL where these are loaded_bytes';
comment on column log_files.resumed_byte is
'Where a line begins shortly before loaded_bytes; NULL in clear';
comment on column log_files.original_resumed_byte is
'The same place in the log itself; NULL in clear';
