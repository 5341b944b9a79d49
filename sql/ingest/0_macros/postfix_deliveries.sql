-- How the addresses of a delivery record are told from what follows them

-- The id that other mail systems give a message, in their reply to it; empty or NULL if none
-- 250 2.0.0 OK  1763951234 d9443c01a7336-29b5b2c1e5csi1.23 - gsmtp
-- 250 2.6.0 <m1@example.org> [InternalId=35, Hostname=mx.example.com] 1200 bytes in 0.2, 5 KB/sec Queued mail for delivery
-- 250 OK id=1rXxYz-0001aB-2C
-- 250 2.0.0 4AB9ckAF012345 Message accepted for delivery
-- 250 2.0.0 3f2k1xg9tq-1 Message accepted for delivery
-- 250 ok 1763951234 qp 4711
-- 250 ok:  Message 48151623 accepted
-- 250 Requested mail action okay, completed: id=1MTzrx-1tPqRs0AbC-00QxYz
-- 250 Ok 0100019a3f5c2b1e-6f1d2c3b-4a59-4e8f-9d7c-0b1a2c3d4e5f-000000
create or replace temp macro next_hop_id(reply) as
    case
        when ends_with(reply, ' - gsmtp')
            then regexp_extract(reply, ' (\S+) - gsmtp$', 1)
        when contains(reply, ' [InternalId=')
            then regexp_extract(reply, '^2[^\[\]]* \[InternalId=(\d+)[,\]]', 1)
        when contains(reply, ' id=')
            then regexp_extract(
                reply,
                '^2\d\d (?:2\.\d\.\d )?(?:OK|Requested mail action okay, completed:)'
                || ' id=([0-9A-Za-z-]+)$',
                1
            )
        when ends_with(reply, ' Message accepted for delivery')
            then regexp_extract(
                reply, '^2\d\d (?:2\.\d\.\d )?([0-9A-Za-z]{6,}(?:-\d+)?) Message accepted', 1
            )
        when contains(reply, ' qp ')
            then regexp_extract(reply, '^2\d\d ok:? +\d+ qp (\d+)', 1)
        when ends_with(reply, ' accepted')
            then regexp_extract(reply, '^2\d\d ok: +Message (\d+) accepted$', 1)
        when ends_with(reply, '-000000')
            then regexp_extract(reply, '^2\d\d Ok ([0-9a-f]+(?:-[0-9a-f]+)+)$', 1)
    end;

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
