-- The wider network of an address, mostly of one provider: /16 of IPv4, /32 of IPv6
create or replace macro wide_network(ip) as
    case
        when contains(ip, '.')
            then regexp_replace(regexp_extract(ip, '[0-9.]+$'), '\.\d+\.\d+$', '.0.0/16')
        when contains(ip, ':') then ipv6_network(ip, 2)
    end;
