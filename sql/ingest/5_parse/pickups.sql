-- One row per message that a local user submitted, or that postsuper put back
create or replace temp view pickups as
select
    line_key,
    uid,
    case when not may_be_cut then orig_queue_id end as orig_queue_id
from columns_of(work_lines, 'pickups');
