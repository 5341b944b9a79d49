-- One row per branch of a hash tree of which all lines were pruned, but not all of the tree (internal)
create table if not exists pruned_hashes (
    batch_key integer not null,
    height integer not null,
    place bigint not null,
    hash varchar not null
);

comment on column pruned_hashes.batch_key is 'The batch (load_batches)';
comment on column pruned_hashes.height is 'How far the branch is above the leaves; 0 is a leaf';
comment on column pruned_hashes.place is 'Its place among those of the same height, from 0';
comment on column pruned_hashes.hash is 'Its hash, which proves the lines that are there';
