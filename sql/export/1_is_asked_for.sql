-- Whether an address, a login or a mailbox user is one of those asked for:
-- set variable addresses = ['alice@example.com'], domain = 'example.com'
create or replace temp macro is_asked_for(name) as
    coalesce(list_contains(getvariable('addresses'), lower(name)), false)
    or coalesce(domain_of(name) = lower(getvariable('domain')::varchar), false);
