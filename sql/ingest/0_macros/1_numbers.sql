-- Numbers and times that lines hold, typed: NULL where they are out of sense, so that the arithmetic
-- that follows cannot overflow

-- How many messages or bytes: of at most 13 digits
create or replace temp macro count_of(digits) as
    case when strlen(digits) <= 13 then try_cast(digits as bigint) end;

-- A duration: less than thirty years
create or replace temp macro seconds(field) as
    case
        when regexp_full_match(field, '\d{1,9}(?:\.\d*)?|\.\d+') then try_cast(field as double)
    end;

-- A score or a threshold
create or replace temp macro number(field) as
    case when isfinite(try_cast(field as double)) then try_cast(field as double) end;

-- A stamp that begins with its year
create or replace temp macro sensible_time(stamp) as
    case when stamp >= '1970' and stamp < '2200' then try_cast(stamp as timestamptz) end;

-- @SECONDSNANOSECONDS of multilog: hexadecimal, ten seconds ahead of UTC in 1970 (TAI64N)
create or replace temp macro tai64n_seconds(stamp) as
    try_cast('0x' || substr(stamp, 3, 15) as bigint) - 10;

create or replace temp macro tai64n_time(stamp) as
    case
        -- Until the year 2200
        when tai64n_seconds(stamp) between 0 and 7258118399 then make_timestamp(
            tai64n_seconds(stamp) * 1000000
            + try_cast('0x' || substr(stamp, 18, 8) as bigint) // 1000
        ) at time zone 'UTC'
    end;
