-- Pieces of what stands in a wrapping

-- Instant of nanoseconds, microseconds, milliseconds or seconds since 1970, as a stamp
create or replace temp macro epoch_stamp(digits) as
    case
        when regexp_full_match(digits, '\d{16}(?:\d{3})?')
            then strftime(
                make_timestamp(substr(digits, 1, 16)::bigint), '%Y-%m-%dT%H:%M:%S.%fZ'
            )
        when regexp_full_match(digits, '\d{13}')
            then strftime(make_timestamp(digits::bigint * 1000), '%Y-%m-%dT%H:%M:%S.%gZ')
        when regexp_full_match(digits, '\d{10}')
            then strftime(make_timestamp(digits::bigint * 1000000), '%Y-%m-%dT%H:%M:%SZ')
        when regexp_full_match(digits, '\d{10}\.\d{1,9}')
            then strftime(
                make_timestamp(
                    substr(digits, 1, 10)::bigint * 1000000
                    + rpad(substr(digits, 12, 6), 6, '0')::bigint
                ),
                '%Y-%m-%dT%H:%M:%S.%fZ'
            )
        else digits
    end;

-- Offset of a zone by its abbreviation, as the time zone database has it; NULL of those that several
-- zones have (CST, IST): they are read like stamps without zone
create or replace temp macro zone_offset(abbreviation) as
    nullif(
        regexp_extract(
            ' '
            || 'UTC=Z GMT=Z WET=Z WEST=+01:00 BST=+01:00 CET=+01:00 CEST=+02:00 EET=+02:00 '
            || 'EEST=+03:00 MSK=+03:00 WAT=+01:00 CAT=+02:00 SAST=+02:00 EAT=+03:00 '
            || 'PKT=+05:00 WIB=+07:00 WITA=+08:00 WIT=+09:00 HKT=+08:00 JST=+09:00 KST=+09:00 '
            || 'AWST=+08:00 ACST=+09:30 ACDT=+10:30 AEST=+10:00 AEDT=+11:00 NZST=+12:00 '
            || 'NZDT=+13:00 NST=-03:30 NDT=-02:30 AST=-04:00 ADT=-03:00 EST=-05:00 EDT=-04:00 '
            || 'MST=-07:00 MDT=-06:00 PDT=-07:00 AKST=-09:00 AKDT=-08:00 HST=-10:00 ',
            ' ' || abbreviation || '=(\S+) ',
            1
        ),
        ''
    );

-- Text that was taken out of another form, as mailsql writes lines: control characters as \xNN
create or replace temp macro escaped_text(text) as
    case
        when regexp_matches(text, '[\x00-\x08\x0a-\x1f\x7f-\x{9f}]')
            then array_to_string(
                list_transform(
                    string_split(text, ''),
                    lambda letter: case
                        when letter = chr(9) then letter
                        when unicode(letter) < 32 or unicode(letter) = 127
                            then printf('\x%02x', unicode(letter))
                        when unicode(letter) between 128 and 159
                            then printf('\xc2\x%02x', unicode(letter))
                        else letter
                    end
                ),
                ''
            )
        else text
    end;

-- No text of a mail system is longer than this
create or replace temp macro longest_text() as 65536;

-- [104,105]: the bytes; a question mark for what is none
create or replace temp macro bytes_of(numbers) as
    list_transform(
        list_slice(from_json(numbers, '["UTINYINT"]'), 1, longest_text()),
        lambda number: coalesce(number, 63)
    );

-- Their text; where any is no UTF-8, each that is no letter of ASCII as \xNN
create or replace temp macro text_of_bytes(bytes) as
    coalesce(
        try(
            decode(
                unhex(
                    array_to_string(
                        list_transform(
                            bytes,
                            lambda byte: case when byte < 16 then '0' else '' end || hex(byte)
                        ),
                        ''
                    )
                )
            )
        ),
        array_to_string(
            list_transform(
                bytes,
                lambda byte: case
                    when byte between 32 and 126 or byte = 9 then chr(byte)
                    else printf('\x%02x', byte)
                end
            ),
            ''
        )
    );
