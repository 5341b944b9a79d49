-- One row per committed batch of whole lines
create table if not exists load_batches (
    batch_key integer not null,
    file_key integer not null,
    first_byte bigint not null,
    last_byte bigint not null,
    first_line_no bigint not null,
    last_line_no bigint not null,
    torn_bytes integer not null,
    sha256 varchar not null,
    salt varchar not null,
    root varchar,
    chain varchar not null,
    committed_at timestamptz not null,
    mailsql_version varchar not null
);

comment on column load_batches.batch_key is 'Number of the batch, in the order of loading';
comment on column load_batches.file_key is 'The stream (log_files)';
comment on column load_batches.first_byte is 'Offset of the first byte, uncompressed, from 0';
comment on column load_batches.last_byte is 'Offset of the last byte';
comment on column load_batches.first_line_no is
'First line of the batch, from 1; also the last of the batch before, if that was torn there';
comment on column load_batches.last_line_no is 'Last line of the batch';
comment on column load_batches.torn_bytes is
'How many bytes of the line that it begins in stand in batches before; 0 if it begins with a line';
comment on column load_batches.sha256 is 'SHA-256 of the bytes first_byte to last_byte';
comment on column load_batches.salt is
'Random and secret, in hexadecimal: its commitment and the nonces of its lines are made with it';
comment on column load_batches.root is
'Root of the hash tree of its lines (RFC 6962); NULL where none was asked for (load --prove)';
comment on column load_batches.chain is
'SHA-256 over the chain of the batch before and what this row tells: stands for all up to here';
comment on column load_batches.committed_at is
'When the batch was written, just before it was committed';
comment on column load_batches.mailsql_version is 'Version of mailsql that read it';
