-- How the addresses of a delivery record are told from what follows them

-- The recipient and the original recipient, in all ways that they can be read
create or replace temp macro recipient_readings(addresses) as
    list_filter(
        case
            when contains(addresses, '>, orig_to=<') then list_transform(
                splits(addresses, '>, orig_to=<'),
                lambda split: {'recipient': split.before, 'orig_recipient': split.after}
            )
            else [{'recipient': addresses, 'orig_recipient': ''}]
        end,
        lambda reading: may_be_address(reading.recipient)
        and may_be_address(reading.orig_recipient)
    );

create or replace temp macro delivery_readings(body) as
    flatten(
        list_transform(
            list_filter(
                splits(substr(body, 5), '>, relay='),
                lambda split: regexp_matches(split.after, '^[^,]+, (?:conn_use=\d+, )?delay=')
            ),
            lambda split: list_transform(
                recipient_readings(split.before),
                lambda reading: {
                    'recipient': reading.recipient,
                    'orig_recipient': reading.orig_recipient,
                    'relay': split_part(split.after, ', ', 1)
                }
            )
        )
    );

-- Of several readings none is taken, nor are very many compared
create or replace temp macro delivery_reading(body) as
    case
        when
            len(string_split(body, '>, relay=')) <= 9
            and len(string_split(body, '>, orig_to=<')) <= 9
            and len(delivery_readings(body)) = 1
            then delivery_readings(body)[1]
    end;
