-- Whether a term names a message-id: as cleanup writes it (message-id=<...>), or without words, where
-- nothing tells it from an address
create or replace macro names_message_id(term, message_id) as
    case term_form(term)
        when 'message-id' then message_id = regexp_extract(term, '^message-id=<?([^>]*)', 1)
        when 'address' then message_id = term
        when 'word' then message_id = term
        else false
    end;
