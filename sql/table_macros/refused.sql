-- Decisions about mail of an address that never got a queue id: from refused('alice@example.com')
create or replace macro refused(term) as table
select
    rejections.logged_at,
    client(rejections.client_name, rejections.client_ip) as client,
    rejections.sender,
    rejections.recipient,
    rejections.kind,
    map {
        'action': rejections.action,
        'stage': rejections.stage,
        'reason': rejections.reason,
        'content': rejections.content
    } as facts,
    rejections.rejection_key as line_key
from rejections
where
    rejections.message_key is null
    and lower(regexp_replace(term, '^<(.*)>$', '\1')) in (
        lower(rejections.sender), lower(rejections.recipient), lower(rejections.sasl_username)
    )
order by rejections.logged_at asc nulls first, rejections.rejection_key asc;
