-- What an older mailsql did not tell of messages and mailboxes, as if all were touched
create or replace temp table related_ids as
select distinct queue_id from messages
where root_key is null;

-- None of them was found before
create or replace temp table found_messages as
select
    message_key,
    queue_id
from messages
where false;

-- No connection is at hand
create or replace temp table connection_lines as
select connection_key from connections
where false;

-- Nor a line of a message
create or replace temp table message_lines as
select
    message_key as line_key,
    true as is_stored
from messages
where false;

update mailbox_events
set is_client_named = client_ip is not null
where is_client_named is null;

insert into removed_sessions
select
    host,
    session_id
from mailbox_events;

-- When streams begin, as they are stored
create or replace temp table stream_state as
select
    file_key,
    first_logged_at
from log_files;
