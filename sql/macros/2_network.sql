-- The network of an address: /24 of IPv4, /48 of IPv6; one network has one text
create or replace macro network(ip) as
    case
        when contains(ip, '.')
            then regexp_replace(regexp_extract(ip, '[0-9.]+$'), '\.\d+$', '.0/24')
        when contains(ip, ':') then ipv6_network(ip, 3)
    end;
