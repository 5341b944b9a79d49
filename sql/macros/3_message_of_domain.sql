-- Whether a message came from an address of the domain asked for, or went to one
create or replace macro message_of_domain(of_message_key, sender) as
    getvariable('domain') is null
    or of_domain(sender)
    or of_message_key in (
        select to_domain.message_key from main.deliveries as to_domain
        -- Without one, nothing is read here
        where
            getvariable('domain') is not null
            and (of_domain(to_domain.recipient) or of_domain(to_domain.orig_recipient))
    );
