-- One row per Message-ID header that cleanup saw
create or replace temp view message_ids as
select
    line_key,
    message_id
from columns_of(work_lines, 'message_ids');
