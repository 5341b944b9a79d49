-- How the addresses of a delivery record are told from what follows them

-- The id that other mail systems give a message, in their reply to it
-- 250 2.0.0 OK  1763951234 d9443c01a7336-29b5b2c1e5csi1.23 - gsmtp
-- 250 2.6.0 <m1@example.org> [InternalId=35, Hostname=mx.example.com] 1200 bytes in 0.2, 5 KB/sec Queued mail for delivery
-- 250 OK id=1rXxYz-0001aB-2C
-- 250 2.0.0 4AB9ckAF012345 Message accepted for delivery
-- 250 ok 1763951234 qp 4711
create or replace temp macro next_hop_id(reply) as
    nullif(
        case
            when ends_with(reply, ' - gsmtp')
                then regexp_extract(reply, ' (\S+) - gsmtp$', 1)
            when contains(reply, ' [InternalId=')
                then regexp_extract(reply, '^2[^\[\]]* \[InternalId=(\d+)[,\]]', 1)
            when contains(reply, ' id=')
                then regexp_extract(reply, '^2\d\d (?:2\.\d\.\d )?OK id=([0-9A-Za-z-]+)$', 1)
            when ends_with(reply, ' Message accepted for delivery')
                then regexp_extract(
                    reply, '^2\d\d (?:2\.\d\.\d )?([0-9A-Za-z]{6,}) Message accepted', 1
                )
            when contains(reply, ' qp ')
                then regexp_extract(reply, '^2\d\d ok:? +\d+ qp (\d+)', 1)
        end,
        ''
    );

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
