-- Whether a term names a message-id, which nothing tells from an address
create or replace macro names_message_id(term, message_id) as
    case when term_form(term) in ('address', 'word') then message_id = term else false end;
