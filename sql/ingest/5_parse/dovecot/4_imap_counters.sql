-- One row per end of an IMAP session: messages and bytes
-- No pattern of a form: counters stand in any order
create or replace temp view imap_counters as
select
    line_key,
    counter(counters, 'deleted') as deleted_count,
    counter(counters, 'expunged') as expunged_count,
    counter(counters, 'autoexpunged') as autoexpunged_count,
    counter(counters, 'trashed') as trashed_count,
    counter(counters, 'appended') as appended_count,
    counter(counters, 'hdr_count') as header_count,
    counter(counters, 'hdr_bytes') as header_bytes,
    counter(counters, 'body_count') as body_count,
    counter(counters, 'body_bytes') as body_bytes
from session_ends
where kind = 'imap_logout';
