-- Numbers and times that lines hold, typed: NULL where they are out of sense, so that the arithmetic
-- that follows cannot overflow

-- How many messages or bytes: of at most 13 digits
create or replace temp macro count_of(digits) as
    try_cast(try_cast(digits as decimal(13, 0)) as bigint);

-- A duration: up to ten years
create or replace temp macro seconds(field) as
    case
        when regexp_full_match(field, '[0-9.]+') and try_cast(field as double) <= 315576000
            then try_cast(field as double)
    end;

create or replace temp macro sensible_time(moment) as
    case
        when
            moment >= '1970-01-01 00:00:00+00'::timestamptz
            and moment < '2200-01-01 00:00:00+00'::timestamptz then moment
    end;

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
