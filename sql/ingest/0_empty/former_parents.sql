-- One row per message that was linked to others, and may not be any more
create or replace temp table former_parents (message_key bigint);
