-- Whether an outcome (delivery_outcomes) means that the recipient has the mail, seen from here. A pattern
-- asks for the outcome once; `in`, and a list that does not change, once for each word
create or replace macro is_handed_over(outcome) as
    regexp_full_match(outcome, 'stored in mailbox|relayed|delivered');
