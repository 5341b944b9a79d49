-- What a term that a person looks for can be, by its looks. A word is a login name, a mailbox user,
-- the name of a client, or a queue id that might be one of these; an address may be a message-id
create or replace macro term_form(term) as
    case
        when starts_with(term, 'message-id=') then 'message-id'
        when starts_with(term, 'subject=') then 'subject'
        when regexp_matches(term, '^@[^@]+$') then 'domain'
        when regexp_matches(term, '^[^@]+@$') then 'local part'
        when contains(term, '@') then 'address'
        when regexp_matches(term, '^(?:[0-9]{1,3}\.){3}[0-9]{1,3}/[0-9]{1,2}$') then 'network'
        when regexp_matches(term, '^[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*/[0-9]{1,3}$') then 'network'
        when regexp_matches(term, '^(?:[0-9]{1,3}\.){3}[0-9]{1,3}$') then 'client'
        when regexp_matches(term, '^[0-9A-Fa-f]*:[0-9A-Fa-f:.]*$') then 'client'
        when regexp_matches(term, '^\.[^.]') then 'client domain'
        when
            regexp_matches(term, '^[0-9A-F]{10,}$')
            and regexp_matches(term, '[0-9][A-F]|[A-F][0-9]')
            then 'queue id'
        else 'word'
    end;
