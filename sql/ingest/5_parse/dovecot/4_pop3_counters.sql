-- One row per end of a POP3 session: messages and bytes
-- No pattern of a form: counters stand in any order, and only all of them tell what one counts
create or replace temp view pop3_counters as
with counted as (
    select
        line_key,
        counter_pair(counters, 'top') as top,
        counter_pair(counters, 'retr') as retr,
        counter_pair(counters, 'del') as del,
        counter(counters, 'size') as mailbox_bytes,
        counter(counters, 'deleted_bytes') as deleted_bytes,
        nullif(regexp_extract(counters, '[ ,]uidl(?:_hash|_change)?=([^,]*)', 1), '')
            as uidl_change
    from session_ends
    where kind = 'pop3_logout'
),

typed as (
    select
        *,
        count_of(del.first) as deleted_count,
        count_of(del.second) as del_total
    from counted
)

select
    line_key,
    count_of(top.first) as top_count,
    count_of(top.second) as top_bytes,
    count_of(retr.first) as retr_count,
    count_of(retr.second) as retr_bytes,
    deleted_count,
    deleted_bytes,
    mailbox_bytes,
    uidl_change,
    del_total,
    -- As a count of the mailbox's messages, they would be less than 1,000 bytes each; as bytes, the
    -- deleted ones more than 200 each
    (
        deleted_count > 0
        and del_total > deleted_count * 200
        and mailbox_bytes < del_total * 1000
    )
    or (deleted_count = 0 and del_total = 0 and mailbox_bytes > 0) as looks_like_bytes
from typed;
