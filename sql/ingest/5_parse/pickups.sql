-- One row per message that a local user submitted, or that postsuper put back
create or replace temp view pickups as
select
    line_key,
    uid,
    orig_queue_id
from columns_of(work_lines, 'pickups');
