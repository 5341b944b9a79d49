-- How many attempts a row of logins tells of
create or replace macro attempts(attempt_count, occurrences) as
    coalesce(attempt_count, 1)::bigint * occurrences;
