-- What a content filter did with a message that it took, if its reply says so: discarded or bounced
-- 250 2.7.0 Ok, discarded, id=02141-07 - INFECTED: Test.Sig
-- 250 2.5.0 Ok, id=02141-08, BOUNCE
create or replace macro filter_verdict(reply) as
    case regexp_extract(reply, '^250 2\.\d\.\d Ok, (?:id=[^ ,;]+, )?(discard|DISCARD|BOUNCE)', 1)
        when 'BOUNCE' then 'bounced'
        when '' then null
        else 'discarded'
    end;
