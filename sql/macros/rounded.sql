-- To two digits, as people do it: 0.975 is 0.98, though no double is exactly that
create or replace macro rounded(value) as
    coalesce(round(try_cast(value as decimal(38, 9)), 2)::double, round(value, 2));
