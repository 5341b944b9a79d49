-- Whether a mail server is the one asked for, its domain aside: set variable host = 'mx1'
create or replace macro on_host(host) as
    getvariable('host') is null
    or coalesce(
        lower(split_part(host, '.', 1)) = lower(split_part(getvariable('host')::varchar, '.', 1))
        and (
            lower(host) = lower(getvariable('host')::varchar)
            or not contains(host, '.')
            or not contains(getvariable('host')::varchar, '.')
        ),
        false
    );
