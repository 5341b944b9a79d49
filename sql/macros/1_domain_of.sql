-- The domain of an address in small letters; NULL where it has none
create or replace macro domain_of(address) as
    case when contains(address, '@') then nullif(lower(split_part(address, '@', -1)), '') end;
