-- What the changed lines tell of messages at mailboxes
delete from mailbox_deliveries
where mailbox_delivery_key in (select line_key from changed_lines where not is_new);

insert into mailbox_deliveries by name
select
    mailbox_records.line_key as mailbox_delivery_key,
    processes.host,
    mailbox_records.* exclude (line_key, header_id)
from mailbox_records
inner join processes on mailbox_records.header_id = processes.header_id
order by mailbox_records.line_key;
