-- Whether a time is in the period asked for: set variable since = '2026-02-01', until = '2026-03-01'
create or replace macro in_period(moment) as
    (
        getvariable('since') is null
        or moment >= try_cast(getvariable('since')::varchar as timestamptz)
    )
    and (
        getvariable('until') is null
        or moment < try_cast(getvariable('until')::varchar as timestamptz)
    );
