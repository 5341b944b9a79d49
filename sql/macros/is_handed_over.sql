-- Whether an outcome (delivery_outcomes) means that the recipient has the mail, seen from here
create or replace macro is_handed_over(outcome) as
    -- A list asks for the outcome once, `in` once for each word
    list_contains(['stored in mailbox', 'relayed', 'delivered'], outcome);
