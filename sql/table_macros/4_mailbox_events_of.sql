-- Some mailbox events as words:
-- from mailbox_events_of([4294967301])
create or replace macro mailbox_events_of(mailbox_event_keys) as table
with keys as (
    select unnest(mailbox_event_keys) as mailbox_event_key
),

events as (
    select mailbox_events.* from mailbox_events
    semi join keys on mailbox_events.mailbox_event_key = keys.mailbox_event_key
),

with_facts as (
    select
        *,
        map {
            'username': username,
            'service': service,
            'client': client_ip,
            'session': session_id,
            'event': coalesce(event, 'something that the line leaves in doubt'),
            'event_ja': coalesce(mailbox_event_ja(event), event, '行からは確定できない操作'),
            'mailbox': mailbox,
            'source': source,
            'new_name': new_name,
            'flags': flags,
            'uid': uid,
            'message_id': message_id,
            'subject': subject,
            'text': text
        } as facts
    from events
)

select
    logged_at,
    host,
    event,
    username,
    client_ip,
    session_id,
    mailbox,
    uid,
    message_id,
    subject,
    sentence(mailbox_event_words('en'), facts) as detail,
    sentence(mailbox_event_words('ja'), facts) as detail_ja,
    mailbox_event_key as line_key
from with_facts;
