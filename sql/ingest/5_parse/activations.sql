-- One row per entry of a message into the active queue
create or replace temp table activations as
select
    line_key,
    sender,
    size_bytes,
    recipient_count
from columns_of(work_lines, 'activations');
