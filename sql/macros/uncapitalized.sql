-- A sentence's beginning, to stand within one
create or replace macro uncapitalized(text) as lower(left(text, 1)) || substr(text, 2);
