-- One row per message whose state, family or ends of deliveries may have changed
create or replace temp table touched_messages as
select message_key from related_messages
union
select message_links.parent_key as message_key from message_links
semi join related_ids on message_links.child_queue_id = related_ids.queue_id
union
select message_key from former_parents
union
-- What never became active is told by its connection
select messages.message_key from messages
semi join connection_lines on messages.connection_key = connection_lines.connection_key
where messages.activation_count = 0;
