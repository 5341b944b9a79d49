-- One row per connection that was lost
create or replace temp view smtpd_losses as
select
    line_key,
    end_reason,
    end_stage,
    end_content_bytes
from columns_of(work_lines, 'smtpd_losses');
