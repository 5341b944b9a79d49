-- The text of a warning without what differs from case to case: addresses, hosts, numbers
create or replace macro general_notice(text) as
    regexp_replace(general_reason(text), '\d+', 'N', 'g');
