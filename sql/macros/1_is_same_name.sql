-- Whether two addresses or names differ in case at most. Lengths are compared first, which halves the
-- cost of a scan
create or replace macro is_same_name(name, other) as
    strlen(name) = strlen(other) and lower(name) = lower(other);
