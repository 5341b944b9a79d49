-- Whether a term names a client: by its name, its domain (.example.net), address or network
create or replace macro names_client(term, name, ip) as
    case term_form(term)
        when 'client' then ip = lower(term) or ip = '::ffff:' || term
        when 'network' then in_network(ip, lower(term))
        when 'client domain' then ends_with(lower(name), lower(term))
        when 'word' then is_same_name(name, term)
        else false
    end;
