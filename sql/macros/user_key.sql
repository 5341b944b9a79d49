-- A mailbox user to compare by: the whole address, or the name before an @ that has no domain
create or replace macro user_key(username) as
    case when contains(username, '@') then lower(username) else lower(username) || '@' end;
