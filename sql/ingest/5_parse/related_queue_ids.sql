-- One row per line that names another queue id: of a notice about a message, or its own new one
-- 7E5D540792: sender non-delivery notification: A8161407BB
-- Requeue: 5F71426E4BF.A1B2C to 6A81426E4BA
create or replace temp view related_queue_ids as
select
    line_key,
    case
        when kind = 'queue_filtered' then requeued_ids(body).new
        else nullif(regexp_extract(body, ' notification: ([0-9A-Za-z]+)$', 1), '')
    end as related_queue_id,
    case
        when kind = 'queue_filtered' then 'filter'
        when starts_with(body, 'postmaster ') then 'postmaster notice'
        when kind = 'bounce_notice' then 'bounce'
        when kind = 'delay_notice' then 'delay notice'
        else 'success notice'
    end as relation
from changed_lines
where kind in ('bounce_notice', 'delay_notice', 'success_notice', 'queue_filtered');
