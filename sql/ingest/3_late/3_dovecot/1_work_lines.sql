-- The touching lines of Dovecot, to be parsed: users and sessions decide what is read again
create or replace temp view work_lines as
select
    line_key,
    true as is_changed,
    logged_at,
    header_id,
    kind,
    speaker,
    body,
    may_be_cut
from touching_lines
where family = 'dovecot';
