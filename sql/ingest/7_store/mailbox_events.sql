-- Changes in mailboxes that the changed lines tell of
delete from mailbox_events
where mailbox_event_key in (select line_key from changed_lines where not is_new);

insert into mailbox_events by name
select
    mailbox_changes.line_key as mailbox_event_key,
    processes.host,
    mailbox_changes.* exclude (line_key, header_id),
    mailbox_changes.client_ip is not null as is_client_named
from mailbox_changes
inner join processes on mailbox_changes.header_id = processes.header_id
order by mailbox_changes.line_key;
