-- One row per key that a session of the lines at hand may have been stored by
create or replace temp view changed_session_keys as
select line_key as session_key from session_logins
where is_changed and is_stored
union all
select line_key as session_key from session_closings
where is_changed and is_stored
union all
select login_key as session_key from mailbox_sessions;
