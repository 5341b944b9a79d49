-- One row per host and second of which lines are taken out of the database
create or replace temp table gone_seconds (host varchar, epoch_second bigint);
