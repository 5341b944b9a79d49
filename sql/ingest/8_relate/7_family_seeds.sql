-- The touched messages that came of another one, or that another one came of, or did before
create or replace temp table family_seeds as
select message_links.child_key as message_key from message_links
semi join touched_messages on message_links.child_key = touched_messages.message_key
union
select message_links.parent_key as message_key from message_links
semi join touched_messages on message_links.parent_key = touched_messages.message_key
union
select messages.message_key from messages
semi join touched_messages on messages.message_key = touched_messages.message_key
where messages.root_key is distinct from messages.message_key
union
select deliveries.message_key from deliveries
semi join touched_messages on deliveries.message_key = touched_messages.message_key
where deliveries.delivery_key in (select delivery_key from delivery_ends);
