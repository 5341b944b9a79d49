-- One row per link of the chain that is no batch: one that was forgotten, or a pruning (internal)
create table if not exists forgotten_batches (
    batch_key integer not null,
    commitment varchar not null,
    forgotten_at timestamptz not null
);

comment on column forgotten_batches.batch_key is
'Its number, as it was in load_batches, or that of the pruning (prunings)';
comment on column forgotten_batches.commitment is
'SHA-256 over its salt and what load_batches told of it, or over all that tells of pruned lines';
comment on column forgotten_batches.forgotten_at is
'When the batch was forgotten, or lines were pruned';
