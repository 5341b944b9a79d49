-- One row per end of a POP3 session
-- pop3(alice@example.com)<4711><IQdzOm5Xy8PAAAIK>: Disconnected: Logged out top=0/0, retr=12/734003, del=12/12, size=733800
-- pop3(alice@example.com): Connection closed: Connection reset by peer top=0/0, retr=0/0, del=0/3, size=9120
-- service=pop3, user=alice@example.com, ip=[192.0.2.10]. Disconnected: Logged out top=0/0, retr=1/12345, del=0/123, size=1234567
create or replace temp table pop3_logouts as
with matched as (
    select
        line_key,
        regexp_extract(
            body,
            '^(?:(?:pop3|POP3)\((.*?)\)(?:<(\d*)>)?(?:<([^<>]*)>)?: '
            || '|service=pop3, user=(.*?), ip=\[([^\]]*)\]\. )(.*?)( [a-z_]+=.*)$',
            ['username', 'pid', 'session_id', 'prefix_username', 'client_ip', 'reason', 'counters']
        ) as parts
    from work_lines
    where kind = 'pop3_logout'
),

counted as (
    select
        line_key,
        parts,
        regexp_extract(parts.counters, '[ ]top=(\d+)/(\d+)', ['count', 'bytes']) as top,
        regexp_extract(parts.counters, '[ ]retr=(\d+)/(\d+)', ['count', 'bytes']) as retr,
        regexp_extract(parts.counters, '[ ]del=(\d+)/(\d+)', ['count', 'total']) as del,
        try_cast(regexp_extract(parts.counters, '[ ]size=(\d+)', 1) as bigint) as mailbox_bytes
    from matched
),

typed as (
    select
        *,
        try_cast(del.count as bigint) as deleted_count,
        try_cast(del.total as bigint) as del_total
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
    nullif(coalesce(nullif(parts.username, ''), parts.prefix_username), '') as username,
    plain_ip(parts.client_ip) as client_ip,
    try_cast(parts.pid as integer) as pid,
    nullif(parts.session_id, '') as session_id,
    nullif(rtrim(regexp_replace(parts.reason, '^Disconnected: ', ''), '.'), '') as end_reason,
    try_cast(top.count as bigint) as top_count,
    try_cast(top.bytes as bigint) as top_bytes,
    try_cast(retr.count as bigint) as retr_count,
    try_cast(retr.bytes as bigint) as retr_bytes,
    deleted_count,
    case when not is_del_in_bytes then del_total end as mailbox_count,
    case when is_del_in_bytes then del_total end as deleted_bytes,
    mailbox_bytes
from told;
