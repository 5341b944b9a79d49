-- Kinds as an enumeration: a byte to compare instead of a word
create or replace temp type kind_name as enum (select kind from line_kinds order by kind);
