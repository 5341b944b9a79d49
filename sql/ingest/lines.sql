-- One row per line at hand: those of the batch, and those read again because of them
create or replace temp table lines (
    line_key bigint,
    is_new boolean,
    part varchar,
    logged_at timestamptz,
    host varchar,
    program varchar,
    instance varchar,
    service varchar,
    pid integer,
    daemon varchar,
    family varchar,
    severity varchar,
    queue_id varchar,
    kind varchar,
    body varchar,
    line varchar
);
