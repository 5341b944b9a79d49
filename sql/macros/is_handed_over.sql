-- Whether an outcome (delivery_outcomes) means that the recipient has the mail, seen from here; of several
-- after commas (recipient_outcomes), whether all do. A pattern asks for the outcome once
create or replace macro is_handed_over(outcome) as
    regexp_full_match(
        outcome,
        '(?:stored in mailbox|relayed|delivered)(?:, (?:stored in mailbox|relayed|delivered))*'
    );
