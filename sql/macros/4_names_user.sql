-- Whether a term names a login name or mailbox user, which may have no domain
create or replace macro names_user(term, username) as
    names_address(term, username)
    or (term_form(term) = 'local part' and is_same_name(username || '@', term));
