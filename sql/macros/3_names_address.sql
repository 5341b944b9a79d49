-- Whether a term names a mail address: whole, its domain (@example.com) or its local part (frank@)
create or replace macro names_address(term, address) as
    case term_form(term)
        when 'domain' then ends_with(lower(address), lower(term))
        when 'local part' then starts_with(lower(address), lower(term))
        when 'address' then is_same_name(address, term)
        when 'word' then is_same_name(address, term)
        else false
    end;
