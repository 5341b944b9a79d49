-- Messages, rejections and logins of a connection lead to it
select
    'messages' as table_name,
    messages.message_key as row_key,
    messages.connection_key
from messages
anti join connections on messages.connection_key = connections.connection_key
where messages.connection_key is not null
union all
select
    'rejections' as table_name,
    rejections.rejection_key as row_key,
    rejections.connection_key
from rejections
anti join connections on rejections.connection_key = connections.connection_key
where rejections.connection_key is not null
union all
select
    'logins' as table_name,
    logins.login_key as row_key,
    logins.connection_key
from logins
anti join connections on logins.connection_key = connections.connection_key
where logins.connection_key is not null
union all
select
    'notices' as table_name,
    notices.notice_key as row_key,
    notices.connection_key
from notices
anti join connections on notices.connection_key = connections.connection_key
where notices.connection_key is not null
order by table_name, row_key;
