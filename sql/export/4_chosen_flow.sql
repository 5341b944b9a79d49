-- One row per step of these messages (message_flow)
create or replace temp table chosen_flow as
select * from flow_of((select list(message_key) from chosen_messages));
