-- Messages that were accepted as mail in the period, from or to the domain asked for
create or replace macro arrivals() as table
select * from main.messages
where
    in_period(queued_at)
    and on_host(host)
    and message_of_domain(message_key, sender)
    and is_mail_accepted(origin, state);
