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
