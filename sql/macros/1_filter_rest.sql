-- What a content filter did with those recipients of a message to whom it did not give it, if its reply
-- says so: discarded, bounced, or unknown where that differs
-- 250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as 27A2540760, but 1 DISCARD
create or replace macro filter_rest(reply) as
    case
        regexp_extract(
            reply,
            '^250 2\..* queued as [0-9A-Za-z]+, but \d+ ([A-Z]+(?:\([a-z.]+\))?(?:, and )?)',
            1
        )
        when '' then null
        when 'DISCARD' then 'discarded'
        when 'DISCARD(bounce.suppressed)' then 'discarded'
        when 'BOUNCE' then 'bounced'
        when 'REJECT' then 'bounced'
        else 'unknown'
    end;
