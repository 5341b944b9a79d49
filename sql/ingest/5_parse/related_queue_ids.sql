-- One row per line that names another queue id: of a notice about a message, or its own new one
create or replace temp view related_queue_ids as
select
    line_key,
    related_queue_id,
    case
        when kind = 'queue_filtered' then 'filter'
        when starts_with(body, 'postmaster ') then 'postmaster notice'
        when kind = 'bounce_notice' then 'bounce'
        when kind = 'delay_notice' then 'delay notice'
        else 'success notice'
    end as relation
from columns_of(changed_lines, 'related_queue_ids');
