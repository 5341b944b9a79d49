-- One row per committed batch of whole lines
create table if not exists load_batches (
    batch_key integer not null,
    file_key integer not null,
    first_byte bigint not null,
    last_byte bigint not null,
    first_line_no bigint not null,
    last_line_no bigint not null,
    sha256 varchar not null,
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
comment on column load_batches.sha256 is 'SHA-256 of the bytes first_byte to last_byte';
comment on column load_batches.committed_at is 'When the batch was loaded';
comment on column load_batches.mailsql_version is 'Version of mailsql that read it';
