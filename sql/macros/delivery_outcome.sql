-- What became of a recipient in one delivery attempt: status sent alone does not tell
create or replace macro delivery_outcome(agent, status, reply, relay_ip) as
    case
        when status is null then 'unknown'
        when is_probe(status) then 'probed'
        when status = 'SOFTBOUNCE' then 'deferred'
        when status <> 'sent' then lower(status)
        when
            agent = 'discard'
            or reply in ('discarded', 'undeliverable postmaster notification discarded')
            then 'discarded'
        -- Also where the queue id behind it is cut off
        when
            agent = 'local' and regexp_full_match(reply, 'forwarded as(?: [0-9A-Za-z]*)?')
            then 'forwarded'
        when
            -- Only of a filter of one's own; a socket has no address
            agent in ('smtp', 'lmtp')
            and (relay_ip is null or is_near(relay_ip))
            and contains(reply, ' Ok, ')
            and filter_verdict(reply) is not null
            then filter_verdict(reply)
        when
            -- Which of the recipients it gave back, only the message that came back tells
            agent in ('smtp', 'lmtp')
            and (relay_ip is null or is_near(relay_ip))
            and contains(reply, ', but ')
            and filter_rest(reply) is not null
            then 'unknown'
        when
            agent in ('local', 'virtual', 'pipe')
            and regexp_matches(reply, '^delivered to (?:maildir|mailbox)')
            then 'stored in mailbox'
        -- A mailbox server may still filter what it took: its own lines tell (mailbox_deliveries)
        when
            agent = 'lmtp'
            -- Both ends apart: one pattern would go through the whole text
            and ends_with(reply, ' Saved')
            and regexp_matches(reply, '^2\d\d [^ ]* ')
            then 'delivered'
        when agent in ('smtp', 'lmtp') then 'relayed'
        else 'delivered'
    end;
