-- Whether a message was accepted as mail here, and is not the next leg of one that was, nor a probe
create or replace macro is_mail_accepted(origin, state) as
    coalesce(origin not in ('probe', 'filter', 'forward', 'requeue'), true)
    and coalesce(state not in ('refused', 'given up'), true);
