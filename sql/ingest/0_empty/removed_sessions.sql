-- One row per session that may lose its login with the lines that are taken out
create or replace temp table removed_sessions (host varchar, session_id varchar);
