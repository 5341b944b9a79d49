-- One row per batch of which some lines were pruned and others are there (internal)
create table if not exists pruned_batches (
    batch_key integer not null,
    root varchar not null
);

comment on column pruned_batches.batch_key is 'The batch (load_batches)';
comment on column pruned_batches.root is
'Root of the hash tree of all its lines (RFC 6962), made when the first of them were pruned';
