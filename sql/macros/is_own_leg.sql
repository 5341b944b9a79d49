-- Whether an outcome (delivery_outcomes) is of a step inside, after which another attempt tells the end
create or replace macro is_own_leg(outcome) as
    regexp_full_match(outcome, 'filtered|forwarded|probed');
