-- The network of an address: /24 of IPv4, /48 of IPv6
create or replace macro network(ip) as
    case
        when contains(ip, ':') then
            array_to_string(
                list_slice(
                    list_concat(
                        list_filter(
                            string_split(split_part(ip, '::', 1), ':'), lambda part: part <> ''
                        ),
                        ['0', '0', '0']
                    ),
                    1,
                    3
                ),
                ':'
            )
            || '::/48'
        when ip is not null then regexp_replace(ip, '\.\d+$', '.0/24')
    end;
