-- The domain of an address in small letters; NULL where it has none
create or replace macro domain_of(address) as
    -- nullif would take the address apart twice
    case
        when contains(address, '@') and not ends_with(address, '@')
            then lower(split_part(address, '@', -1))
    end;
