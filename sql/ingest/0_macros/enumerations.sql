-- Words of closed lists as enumerations: a byte to compare instead of a string
create or replace temp type kind_name as enum (select kind from line_kinds order by kind);

create or replace temp type style_name as enum ('bsd', 'bsd_fraction', 'rfc3339', 'iso', 'tai64n');
