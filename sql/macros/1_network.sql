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

-- The network of an address: /24 of IPv4, /48 of IPv6; one network has one text
create or replace macro network(ip) as
    case
        when contains(ip, '.')
            then regexp_replace(regexp_extract(ip, '[0-9.]+$'), '\.\d+$', '.0/24')
        when contains(ip, ':') then ipv6_network(ip, 3)
    end;

-- The wider network of an address, mostly of one provider: /16 of IPv4, /32 of IPv6
create or replace macro wide_network(ip) as
    case
        when contains(ip, '.')
            then regexp_replace(regexp_extract(ip, '[0-9.]+$'), '\.\d+\.\d+$', '.0.0/16')
        when contains(ip, ':') then ipv6_network(ip, 2)
    end;
