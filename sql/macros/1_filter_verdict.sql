-- What a content filter did with a message that it took and gave to nobody, if its reply says so:
-- discarded, bounced, or unknown where that differs by recipient
-- 250 2.7.0 Ok, discarded, id=02141-07 - INFECTED: Test.Sig
-- 250 2.5.0 Ok, id=02141-08, BOUNCE
-- 250 2.5.0 Ok, id=02141-09, 1 BOUNCE, and 1 DISCARD
create or replace macro filter_verdict(reply) as
    case
        regexp_extract(
            reply,
            '^250 2\.\d\.\d Ok, (?:id=[^ ,;]+, )?(discard|DISCARD|BOUNCE|REJECT|\d+ [A-Z]+)',
            1
        )
        when '' then null
        when 'discard' then 'discarded'
        when 'DISCARD' then 'discarded'
        when 'BOUNCE' then 'bounced'
        when 'REJECT' then 'bounced'
        else 'unknown'
    end;
