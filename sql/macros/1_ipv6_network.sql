-- The first groups of an IPv6 address as a network, in the one form of RFC 5952
create or replace macro ipv6_network(ip, group_count) as
    regexp_replace(
        array_to_string(
            list_transform(
                list_slice(
                    list_concat(
                        list_filter(
                            string_split(lower(split_part(ip, '::', 1)), ':'),
                            lambda part: part <> ''
                        ),
                        ['0', '0', '0']
                    ),
                    1,
                    group_count
                ),
                lambda part: coalesce(nullif(ltrim(part, '0'), ''), '0')
            ),
            ':'
        ),
        '(?:^|:)0(?::0)*$',
        ''
    )
    || '::/' || (16 * group_count)::varchar;
