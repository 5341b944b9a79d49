-- The lines of removed_keys tell no row any more: all rows that they are the key of are taken out, and
-- what they said stays at hand, for it decides what must be told again
set variable first_removed_key = (select min(line_key) from removed_keys);

set variable last_removed_key = (select max(line_key) from removed_keys);

create or replace temp macro is_removed(key) as
    key between getvariable('first_removed_key') and getvariable('last_removed_key')
    and key in (select line_key from removed_keys);

create or replace temp macro kept_key(key) as case when not is_removed(key) then key end;

insert into removed_lines by name
select
    line_key,
    logged_at,
    host,
    program,
    line
from raw_lines
where is_removed(line_key) and copy_of is null;

insert into removed_ids
select queue_id from raw_lines
where is_removed(line_key) and queue_id is not null
union
select related_queue_id from queue_events
where is_removed(event_key) and related_queue_id is not null
union
select remote_queue_id from deliveries
where is_removed(delivery_key) and remote_queue_id is not null
union
select child_queue_id from message_links
where is_removed(child_key) or is_removed(parent_key) or is_removed(link_key)
union
select parent_queue_id from message_links
where is_removed(child_key) or is_removed(link_key)
union
select messages.queue_id from messages
inner join mailbox_delivery_links on messages.message_key = mailbox_delivery_links.message_key
where is_removed(mailbox_delivery_links.mailbox_delivery_key);

delete from connections
where is_removed(connection_key);

delete from messages
where is_removed(message_key);

delete from deliveries
where is_removed(delivery_key);

delete from queue_events
where is_removed(event_key);

delete from rejections
where is_removed(rejection_key);

insert into removed_sessions
select
    host,
    session_id
from logins
where is_removed(login_key) and session_id is not null;

delete from logins
where is_removed(login_key);

delete from mailbox_deliveries
where is_removed(mailbox_delivery_key);

delete from mailbox_events
where is_removed(mailbox_event_key);

delete from auth_events
where is_removed(auth_event_key);

delete from submissions
where is_removed(submission_key);

delete from check_results
where is_removed(check_key);

delete from notices
where is_removed(notice_key);

insert into former_parents
select parent_key from message_links
where is_removed(child_key) or is_removed(link_key);

delete from message_links
where is_removed(child_key) or is_removed(parent_key) or is_removed(link_key);

delete from mailbox_delivery_links
where is_removed(mailbox_delivery_key) or is_removed(message_key);

delete from delivery_ends
where is_removed(delivery_key) or is_removed(end_message_key) or is_removed(end_delivery_key);

delete from open_lines
where is_removed(line_key);

-- What is left of a session is found again by its other line
delete from pop3_sessions
where kept_key(login_key) is null and kept_key(logout_key) is null;

update pop3_sessions
set
    session_key = coalesce(kept_key(login_key), logout_key),
    login_key = kept_key(login_key),
    logout_key = kept_key(logout_key)
where is_removed(login_key) or is_removed(logout_key);

delete from imap_sessions
where kept_key(login_key) is null and kept_key(logout_key) is null;

update imap_sessions
set
    session_key = coalesce(kept_key(login_key), logout_key),
    login_key = kept_key(login_key),
    logout_key = kept_key(logout_key)
where is_removed(login_key) or is_removed(logout_key);

delete from service_sessions
where kept_key(login_key) is null and kept_key(logout_key) is null;

update service_sessions
set
    session_key = coalesce(kept_key(login_key), logout_key),
    login_key = kept_key(login_key),
    logout_key = kept_key(logout_key)
where is_removed(login_key) or is_removed(logout_key);
