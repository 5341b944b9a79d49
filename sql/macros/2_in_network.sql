-- How the text of all addresses of a network begins; IPv6 as far as its first group tells
create or replace macro network_beginning(network) as
    case
        when contains(network, '.') and split_part(network, '/', 2)::integer < 8 then ''
        when contains(network, '.') then
            array_to_string(
                list_transform(
                    list_slice(
                        string_split(split_part(network, '/', 1), '.'),
                        1,
                        least(split_part(network, '/', 2)::integer // 8, 3)
                    ),
                    lambda part: part || '.'
                ),
                ''
            )
        when
            split_part(network, '/', 2)::integer >= 16
            and split_part(network, ':', 1) not in ('', '0')
            then split_part(network, ':', 1) || ':'
        else ''
    end;

-- Whether an address is in a network, 192.0.2.0/24 or 2001:db8::/32. Its beginning is looked at
-- first, for the bits of each address take time
create or replace macro in_network(ip, network) as
    contains(ip, '.') = contains(network, '.')
    and (
        starts_with(ip, network_beginning(network))
        or starts_with(ip, '::ffff:' || network_beginning(network))
    )
    and case
        when contains(network, '.') and split_part(network, '/', 2) in ('8', '16', '24') then true
        else starts_with(
            ip_bits(ip),
            left(ip_bits(split_part(network, '/', 1)), split_part(network, '/', 2)::integer)
        )
    end;
