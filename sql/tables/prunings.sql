-- One row per time that lines were pruned, or an address was erased in them
create table if not exists prunings (
    batch_key integer not null,
    pruned_at timestamptz not null,
    what varchar not null,
    before timestamptz,
    line_count bigint not null,
    row_count bigint not null
);

comment on column prunings.batch_key is
'Its link of the chain of hashes (forgotten_batches), which stands for what was pruned up to then';
comment on column prunings.pruned_at is 'When';
comment on column prunings.what is
'rows, with their lines; lines, whose rows stay; log forgotten, of which lines had been pruned;
address erased in lines, which stay; or a table, of which rows without their lines got too old';
comment on column prunings.before is
'What was logged before then was pruned, unless it goes on later;
NULL where a log was forgotten, an address erased, or rows went with those of another table';
comment on column prunings.line_count is 'How many lines went, or were changed';
comment on column prunings.row_count is 'How many rows of tables went, or were changed';
