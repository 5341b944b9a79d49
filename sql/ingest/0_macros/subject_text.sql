-- The subject that a check of headers logged, as it stands in the header
create or replace temp macro subject_text(content) as regexp_extract(content, ': *(.*)$', 1);
