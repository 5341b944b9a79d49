-- The domains that are one's own: told (set variable local_domains = 'example.com,example.org'), or else
-- those of recipients whose mail was put into mailboxes here
create or replace macro local_domains() as table
select distinct trim(lower(told.domain)) as domain
from unnest(string_split(getvariable('local_domains')::varchar, ',')) as told (domain)
where trim(told.domain) <> ''
union
select domain_of(stored.recipient) as domain
-- Each address once, and not each delivery
from (
    select distinct
        recipient,
        outcome
    from main.delivery_outcomes
    where
        getvariable('local_domains') is null
        -- Never puts mail into a mailbox: half of them need not be looked at
        and agent <> 'smtp'
) as stored
where
    stored.outcome in ('stored in mailbox', 'delivered')
    and domain_of(stored.recipient) is not null;
