-- One row per batch whose lines were removed from the database: its link of the chain (internal)
create table if not exists forgotten_batches (
    batch_key integer not null,
    commitment varchar not null,
    forgotten_at timestamptz not null
);

comment on column forgotten_batches.batch_key is 'Its number, as it was in load_batches';
comment on column forgotten_batches.commitment is
'SHA-256 over its salt and what load_batches told of it';
comment on column forgotten_batches.forgotten_at is 'When its lines were removed';
