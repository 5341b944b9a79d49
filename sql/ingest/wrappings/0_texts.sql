-- Pieces of what stands in a wrapping

-- Instant of microseconds, milliseconds or seconds since 1970, as a stamp
create or replace temp macro epoch_stamp(digits) as
    case
        when regexp_full_match(digits, '\d{16}')
            then strftime(make_timestamp(digits::bigint), '%Y-%m-%dT%H:%M:%S.%fZ')
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

-- [104, 105]: the text of bytes; those that are no UTF-8 as \xNN
create or replace temp macro text_of_bytes(bytes) as
    coalesce(
        list_transform(
            [
                try(
                    decode(
                        unhex(
                            array_to_string(
                                list_transform(bytes, lambda byte: printf('%02x', byte)), ''
                            )
                        )
                    )
                )
            ],
            lambda text: escaped_text(text)
        )[1],
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
