-- A sum as a bigint, as counts are; NULL where it is greater than that
create or replace macro total(value) as try_cast(sum(value) as bigint);
