-- Whether an outcome (delivery_outcomes) means that the recipient has the mail, seen from here
create or replace macro is_handed_over(outcome) as
    outcome in ('stored in mailbox', 'relayed', 'delivered');
