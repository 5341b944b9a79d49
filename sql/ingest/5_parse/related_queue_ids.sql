-- One row per line that names the queue id of a notice about a message
-- 7E5D540792: sender non-delivery notification: A8161407BB
create or replace temp view related_queue_ids as
select
    line_key,
    nullif(regexp_extract(body, ' notification: ([0-9A-Za-z]+)$', 1), '') as related_queue_id,
    case
        when starts_with(body, 'postmaster ') then 'postmaster notice'
        when kind = 'bounce_notice' then 'bounce'
        when kind = 'delay_notice' then 'delay notice'
        else 'success notice'
    end as relation
from changed_lines
where kind in ('bounce_notice', 'delay_notice', 'success_notice');
