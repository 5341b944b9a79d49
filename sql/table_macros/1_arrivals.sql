-- Messages that were accepted as mail in the period, from or to the domain asked for
create or replace macro arrivals() as table
select * from main.messages
where
    -- Apart, for the engine joins for message_of_domain also where no domain is asked for
    getvariable('domain') is null
    and in_period(queued_at)
    and on_host(host)
    and is_mail_accepted(origin, state)
union all
select * from main.messages
where
    getvariable('domain') is not null
    and in_period(queued_at)
    and on_host(host)
    and message_of_domain(message_key, sender)
    and is_mail_accepted(origin, state);
