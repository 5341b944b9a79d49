-- Whether an address is of the domain asked for: set variable domain = 'example.com'
create or replace macro of_domain(address) as
    getvariable('domain') is null
    or coalesce(domain_of(address) = lower(getvariable('domain')::varchar), false);
