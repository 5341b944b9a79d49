-- The steps of a portion of these messages; of all of them where the variable is not set
insert into chosen_flow
select * from flow_of(
    (
        select list(message_key) from chosen_messages
        where coalesce(portion = getvariable('portion'), true)
    )
);
