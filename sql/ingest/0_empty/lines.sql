-- One row per line at hand: those of the batch, and those read again because of them
create or replace temp table lines (
    line_key bigint,
    is_new boolean,
    part varchar,
    logged_at timestamptz,
    host varchar,
    program varchar,
    pid integer,
    header_id integer,
    queue_id varchar,
    kind kind_name,
    speaker varchar,
    body varchar,
    may_be_cut boolean,
    repeat_count integer,
    line varchar,
    unread varchar,
    copy_of bigint
);

-- Those of the batch itself
create or replace temp view loaded_lines as
select * from lines
where line_key between getvariable('first_loaded_key') and getvariable('last_loaded_key');

-- They as they are kept: forms of one's own tell more (site)
create or replace temp view kept_lines as
select * from loaded_lines;

-- Those of which rows are derived: new ones that are no copies, and what these change
create or replace temp view changed_lines as
select * from lines
where part is null and copy_of is null;
