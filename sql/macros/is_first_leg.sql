-- Whether a message was taken in here, and is not the next leg of one that was, nor a probe
create or replace macro is_first_leg(origin) as
    coalesce(origin not in ('probe', 'filter', 'forward', 'requeue'), true);
