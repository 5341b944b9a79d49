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
    'imap_sessions' as table_name,
    session_key as row_key,
    count(*) as row_count
from imap_sessions
group by all
having count(*) > 1
union all
select
    'service_sessions' as table_name,
    session_key as row_key,
    count(*) as row_count
from service_sessions
group by all
having count(*) > 1
union all
select
    'mailbox_deliveries' as table_name,
    mailbox_delivery_key as row_key,
    count(*) as row_count
from mailbox_deliveries
group by all
having count(*) > 1
union all
select
    'mailbox_events' as table_name,
    mailbox_event_key as row_key,
    count(*) as row_count
from mailbox_events
group by all
having count(*) > 1
union all
select
    'auth_events' as table_name,
    auth_event_key as row_key,
    count(*) as row_count
from auth_events
group by all
having count(*) > 1
union all
select
    'submissions' as table_name,
    submission_key as row_key,
    count(*) as row_count
from submissions
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
