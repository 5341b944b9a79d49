-- Whether an address is in a network, 192.0.2.0/24 or 2001:db8::/32
create or replace macro in_network(ip, network) as
    -- Its beginning is looked at first, for the bits of each address take time
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
