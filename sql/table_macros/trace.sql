-- The steps of all messages of a queue id, message-id (or message-id=<...>), address (or @domain, or
-- local@), login, mailbox user or client (or .domain, or network), and of their relatives:
-- from trace('alice@example.com')
create or replace macro trace(term) as table
select *
from flow_of(
    with_relatives(
        (
            select list(found.line_key)
            from messages_named(regexp_replace(term, '^<(.*)>$', '\1')) as found
        )
    )
)
order by
    min(logged_at) over (partition by message_key) asc nulls first,
    message_key asc,
    step_no asc;
