-- The bits of an address as text, 32 or 128; an IPv4 address in IPv6 (::ffff:192.0.2.1) is IPv4
create or replace macro ip_bits(ip) as
    case
        when contains(ip, '.') then
            array_to_string(
                list_transform(
                    string_split(regexp_extract(ip, '[0-9.]+$'), '.'),
                    lambda part: lpad(to_binary(coalesce(try_cast(part as utinyint), 0)), 8, '0')
                ),
                ''
            )
        when contains(ip, ':') then
            array_to_string(
                list_transform(
                    list_concat(
                        list_filter(
                            string_split(split_part(ip, '::', 1), ':'), lambda part: part <> ''
                        ),
                        -- What :: stands for
                        list_transform(
                            range(
                                8
                                - len(
                                    list_filter(
                                        string_split(ip, ':'), lambda part: part <> ''
                                    )
                                )
                            ),
                            lambda place: '0'
                        ),
                        list_filter(
                            string_split(split_part(ip, '::', 2), ':'), lambda part: part <> ''
                        )
                    ),
                    lambda part:
                    lpad(to_binary(coalesce(try_cast('0x' || part as usmallint), 0)), 16, '0')
                ),
                ''
            )
    end;
