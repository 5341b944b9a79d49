-- The values at 0, 25, 50, 75, 90, 95, 98 and 100 percent, in this order
create or replace macro quantiles(value) as
    quantile_cont(value, [0, 0.25, 0.5, 0.75, 0.9, 0.95, 0.98, 1]);
