-- Whether an address is in a network, 192.0.2.0/24 or 2001:db8::/32. The beginning that all its
-- addresses share is looked at first, for the bits of each address take time
create or replace macro in_network(ip, network) as
    contains(ip, '.') = contains(network, '.')
    and case
        when contains(network, '.') then
            starts_with(
                regexp_replace(ip, '^::ffff:', ''),
                array_to_string(
                    list_slice(
                        string_split(split_part(network, '/', 1), '.'),
                        1,
                        least(split_part(network, '/', 2)::integer // 8, 3)
                    ),
                    '.'
                )
            )
        when split_part(network, '/', 2)::integer >= 16 then
            starts_with(ip, split_part(network, ':', 1))
        else true
    end
    and starts_with(
        ip_bits(ip),
        left(ip_bits(split_part(network, '/', 1)), split_part(network, '/', 2)::integer)
    );
