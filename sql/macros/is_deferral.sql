-- Whether an attempt is made again later, unless the message ends before
create or replace macro is_deferral(status) as
    coalesce(status in ('deferred', 'SOFTBOUNCE'), false);
