-- What an event in a mailbox is told with (mailbox_events_of)
create or replace macro mailbox_event_words(language) as
    {
        'en':
            '{event}|, {mailbox}|| from {source}|| to {new_name}||, uid {uid}|'
            || '|, message-id {message_id}||, subject "{subject}"||, flags now {flags}|| ({text})|'
            || '|: by {username}|| over {service}|| from {client}||, session {session}|.',
        'ja':
            '{event_ja}|、{mailbox}||({source} から)||({new_name} へ)||、UID {uid}|'
            || '|、message-id {message_id}||、件名「{subject}」||、現在のフラグ {flags}||({text})|。'
            || '操作:| {username}||({service})||、{client} から||、セッション {session}|。'
    }[language];
