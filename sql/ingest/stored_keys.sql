-- One row per line of the piece, in which pruned lines leave gaps
create or replace temp table stored_keys as
with runs as (
    select unnest(getvariable('stored_runs')::struct(first_key bigint, last_key bigint)[]) as run
),

keys as (
    select unnest(range(run.first_key, run.last_key + 1)) as line_key from runs
)

select
    line_key,
    row_number() over (order by line_key) - 1 as row_no
from keys;

-- Key of a line of the piece by its place in it, from 0
create or replace temp macro loaded_key(place) as (
    select stored_keys.line_key from stored_keys
    where stored_keys.row_no = place
);
