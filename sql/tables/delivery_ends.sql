-- One row per delivery attempt that handed a mail on to another message known here, and per end of its way
create table if not exists delivery_ends (
    delivery_key bigint not null,
    end_message_key bigint not null,
    end_delivery_key bigint
);

comment on column delivery_ends.delivery_key is
'The attempt: to a content filter, to a next hop, or of an alias (deliveries)';
comment on column delivery_ends.end_message_key is
'The last message that the mail was for this recipient (messages)';
comment on column delivery_ends.end_delivery_key is
'Its last attempt for this recipient (deliveries); the one that handed the mail to a content '
'filter where that did not give it back for this recipient; NULL where none is known';
