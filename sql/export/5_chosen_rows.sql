-- One row per row of a table of the export, by the first column of its key
create or replace temp table chosen_rows as
with steps as (
    select distinct line_key from chosen_flow
),

-- Of these messages, and of no other
of_messages as (
    select
'messages' as table_name,
message_key as row_key
from chosen_messages
    union all
    select
'deliveries' as table_name,
deliveries.delivery_key as row_key
    from deliveries
    semi join chosen_messages on deliveries.message_key = chosen_messages.message_key
    union all
    select
'queue_events' as table_name,
queue_events.event_key as row_key
    from queue_events
    semi join chosen_messages on queue_events.message_key = chosen_messages.message_key
    union all
    select
'rejections' as table_name,
rejections.rejection_key as row_key
    from rejections
    semi join chosen_messages on rejections.message_key = chosen_messages.message_key
    union all
    select
'notices' as table_name,
notices.notice_key as row_key
    from notices
    semi join chosen_messages on notices.message_key = chosen_messages.message_key
    union all
    select
'message_links' as table_name,
message_links.child_key as row_key
    from message_links
    semi join chosen_messages on message_links.child_key = chosen_messages.message_key
    union all
    select
'delivery_ends' as table_name,
deliveries.delivery_key as row_key
    from deliveries
    semi join chosen_messages on deliveries.message_key = chosen_messages.message_key
    union all
    select
        unnest(['mailbox_deliveries', 'mailbox_delivery_links']) as table_name,
        mailbox_delivery_links.mailbox_delivery_key as row_key
    from mailbox_delivery_links
    semi join chosen_messages on mailbox_delivery_links.message_key = chosen_messages.message_key
    union all
    select
'mailbox_events' as table_name,
mailbox_events.mailbox_event_key as row_key
    from mailbox_events
    semi join steps on mailbox_events.mailbox_event_key = steps.line_key
    union all
    select distinct
        'check_results' as table_name,
        check_results.check_key as row_key
    from check_results
    semi join steps on check_results.check_key = steps.line_key
    union all
    select
'submissions' as table_name,
submissions.submission_key as row_key
    from submissions
    semi join steps on submissions.submission_key = steps.line_key
    union all
    select
'pop3_sessions' as table_name,
pop3_sessions.session_key as row_key
    from pop3_sessions
    semi join steps on pop3_sessions.logout_key = steps.line_key
    union all
    select
'imap_sessions' as table_name,
imap_sessions.session_key as row_key
    from imap_sessions
    semi join steps on imap_sessions.logout_key = steps.line_key
),

-- What names who is asked for, in the period
of_names as (
    select
'rejections' as table_name,
rejection_key as row_key
    from rejections
    where
        message_key is null
        and (is_asked_for(sender) or is_asked_for(recipient) or is_asked_for(sasl_username))
        and in_period(logged_at)
        and on_host(host)
    union all
    select
'logins' as table_name,
login_key as row_key
    from logins
    where is_asked_for(username) and in_period(logged_at) and on_host(host)
    union all
    select
'pop3_sessions' as table_name,
session_key as row_key
    from pop3_sessions
    where
        is_asked_for(username) and in_period(coalesce(login_at, logout_at)) and on_host(host)
    union all
    select
'imap_sessions' as table_name,
session_key as row_key
    from imap_sessions
    where
        is_asked_for(username) and in_period(coalesce(login_at, logout_at)) and on_host(host)
    union all
    select
'service_sessions' as table_name,
session_key as row_key
    from service_sessions
    where
        is_asked_for(username) and in_period(coalesce(login_at, logout_at)) and on_host(host)
    union all
    select
'mailbox_deliveries' as table_name,
mailbox_delivery_key as row_key
    from mailbox_deliveries
    where is_asked_for(username) and in_period(logged_at) and on_host(host)
    union all
    select
'mailbox_events' as table_name,
mailbox_event_key as row_key
    from mailbox_events
    where is_asked_for(username) and in_period(logged_at) and on_host(host)
    union all
    select distinct
        'check_results' as table_name,
        check_key as row_key
    from check_results
    where
        (is_asked_for(sender) or is_asked_for(recipient))
        and in_period(logged_at)
        and on_host(host)
    union all
    select
'submissions' as table_name,
submission_key as row_key
    from submissions
    where
        (is_asked_for(username) or is_asked_for(sender) or is_asked_for(recipient))
        and in_period(logged_at)
        and on_host(host)
    union all
    select
'auth_events' as table_name,
auth_event_key as row_key
    from auth_events
    where is_asked_for(username) and in_period(logged_at) and on_host(host)
)

select * from of_messages
union
select * from of_names;

-- Logins of these sessions
insert into chosen_rows
select distinct
    'logins' as table_name,
    sessions.login_key as row_key
from (
    select
'pop3_sessions' as table_name,
session_key,
login_key
from pop3_sessions
    union all
    select
'imap_sessions' as table_name,
session_key,
login_key
from imap_sessions
    union all
    select
'service_sessions' as table_name,
session_key,
login_key
from service_sessions
) as sessions
semi join chosen_rows
    on sessions.table_name = chosen_rows.table_name and sessions.session_key = chosen_rows.row_key
anti join (from chosen_rows where table_name = 'logins') as logins
    on sessions.login_key = logins.row_key
where sessions.login_key is not null;

-- Connections in which any of it happened
insert into chosen_rows
select distinct
    'connections' as table_name,
    happened.connection_key as row_key
from (
    select
'messages' as table_name,
message_key as row_key,
connection_key
from messages
    union all
    select
'rejections' as table_name,
rejection_key as row_key,
connection_key
from rejections
    union all
    select
'logins' as table_name,
login_key as row_key,
connection_key
from logins
) as happened
semi join chosen_rows
    on happened.table_name = chosen_rows.table_name and happened.row_key = chosen_rows.row_key
where happened.connection_key is not null;

-- What else was said of these connections: logins, notices, and decisions that name nobody
insert into chosen_rows
select
    said.table_name,
    said.row_key
from (
    select
'logins' as table_name,
login_key as row_key,
connection_key
from logins
    union all
    select
'notices' as table_name,
notice_key as row_key,
connection_key
from notices
    where message_key is null
    union all
    select
'rejections' as table_name,
rejection_key as row_key,
connection_key
from rejections
    where message_key is null and sender is null and recipient is null
) as said
semi join (from chosen_rows where table_name = 'connections') as connections
    on said.connection_key = connections.row_key
anti join chosen_rows
    on said.table_name = chosen_rows.table_name and said.row_key = chosen_rows.row_key;
