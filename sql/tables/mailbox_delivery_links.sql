-- One row per mailbox delivery, message that it delivered, and what tells it
create table if not exists mailbox_delivery_links (
    mailbox_delivery_key bigint not null,
    message_key bigint not null,
    evidence varchar not null
);

comment on column mailbox_delivery_links.mailbox_delivery_key is
'The mailbox delivery (mailbox_deliveries)';
comment on column mailbox_delivery_links.message_key is 'The message (messages)';
comment on column mailbox_delivery_links.evidence is
'What tells it, besides time and user or message-id: session, session behind a proxy or message-id';
