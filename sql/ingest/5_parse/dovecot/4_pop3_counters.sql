-- One row per end of a POP3 session: messages and bytes
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
        try_cast(del.first as bigint) as deleted_count,
        try_cast(del.second as bigint) as del_total
    from counted
),

-- Dovecot 2.4 logs the bytes of the deleted messages where older ones log the mailbox's count:
-- that many messages would be less than 1,000 bytes each, and the deleted ones more than 200
told as (
    select
        *,
        (
            deleted_count > 0
            and del_total > deleted_count * 200
            and mailbox_bytes < del_total * 1000
        )
        or (deleted_count = 0 and del_total = 0 and mailbox_bytes > 0) as is_del_in_bytes
    from typed
)

select
    line_key,
    try_cast(top.first as bigint) as top_count,
    try_cast(top.second as bigint) as top_bytes,
    try_cast(retr.first as bigint) as retr_count,
    try_cast(retr.second as bigint) as retr_bytes,
    deleted_count,
    case when not is_del_in_bytes then del_total end as mailbox_count,
    coalesce(deleted_bytes, case when is_del_in_bytes then del_total end) as deleted_bytes,
    mailbox_bytes,
    uidl_change
from told;
