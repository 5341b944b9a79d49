-- One row per step of these messages (message_flow)
create or replace temp table chosen_flow as
select * from flow_of([]) where false;
