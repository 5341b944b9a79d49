-- Every row of a table has a key of its own
select
    'connections' as table_name,
    connection_key as row_key,
    count(*) as row_count
from connections
group by all
having count(*) > 1
union all
select
    'messages' as table_name,
    message_key as row_key,
    count(*) as row_count
from messages
group by all
having count(*) > 1
union all
select
    'deliveries' as table_name,
    delivery_key as row_key,
    count(*) as row_count
from deliveries
group by all
having count(*) > 1
union all
select
    'queue_events' as table_name,
    event_key as row_key,
    count(*) as row_count
from queue_events
group by all
having count(*) > 1
union all
select
    'rejections' as table_name,
    rejection_key as row_key,
    count(*) as row_count
from rejections
group by all
having count(*) > 1
union all
select
    'logins' as table_name,
    login_key as row_key,
    count(*) as row_count
from logins
group by all
having count(*) > 1
union all
select
    'pop3_sessions' as table_name,
    session_key as row_key,
    count(*) as row_count
from pop3_sessions
group by all
having count(*) > 1
union all
select
    'notices' as table_name,
    notice_key as row_key,
    count(*) as row_count
from notices
group by all
having count(*) > 1
union all
select
    'message_links' as table_name,
    child_key as row_key,
    count(*) as row_count
from message_links
group by all
having count(*) > 1
order by table_name, row_key;
