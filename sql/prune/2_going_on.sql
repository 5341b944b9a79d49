-- One row per row of a table that goes on, or may, from prune_before on: it was told of then, it is of
-- a message that has not left the queue, or of a connection or session not yet over
create or replace temp table kept_rows as
select
    table_name,
    row_key
from row_times
where logged_at >= getvariable('prune_before')::timestamptz
union
select
    'messages' as table_name,
    message_key as row_key
from messages
where
    state is null
    or state in ('in queue', 'on hold', 'arriving')
    or removed_at >= getvariable('prune_before')::timestamptz
union
select
    'connections' as table_name,
    connection_key as row_key
from connections
where
    disconnected_at >= getvariable('prune_before')::timestamptz
    or (
        end_reason is null
        and connected_at >= getvariable('prune_before')::timestamptz - interval '1 day'
    )
union
select
    table_name,
    session_key as row_key
from session_times
where
    logout_at >= getvariable('prune_before')::timestamptz
    or (
        logout_at is null
        and login_at >= getvariable('prune_before')::timestamptz - interval '1 day'
    );

-- Connections of which all is kept
create or replace temp table whole_connections as
select row_key from kept_rows
where table_name = 'connections';

-- The same as kept_rows, of which what they lead to has not been looked for yet
create or replace temp table newly_kept_rows as
from kept_rows;
