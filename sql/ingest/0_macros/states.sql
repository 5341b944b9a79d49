-- What became of a message (messages.state, message_states): by its own lines, those of its
-- connection, and its links

-- A decision about the whole message, and not only about a recipient
create or replace temp macro is_refusal(action, daemon, stage) as
    action in ('reject', 'milter-reject', 'milter-header-reject')
    and (daemon = 'cleanup' or stage in ('DATA', 'BDAT', 'END-OF-MESSAGE'));

-- A bit for what became of a recipient in one attempt (delivery_outcome); none where it is tried
-- again, for once a message has left the queue, another attempt has told more, or it has expired
create or replace temp macro outcome_bit(outcome) as
    case outcome
        when 'deferred' then 0
        when 'unknown' then 0
        when 'bounced' then 1
        when 'discarded' then 2
        when 'probed' then 4
        when 'filtered' then 8
        when 'forwarded' then 16
        else 32
    end;

-- Of a message that has left the queue: how, with the bits of its attempts; NULL for all others
create or replace temp macro ended_state(end_reason, outcome_bits) as
    case
        when end_reason is null then null
        when end_reason in ('deleted', 'requeued', 'filtered') then end_reason
        -- What cleanup bounced itself, or only looked up, it discards
        when end_reason = 'discarded' and outcome_bits & 1 > 0 then 'bounced'
        when end_reason = 'discarded' and outcome_bits & 4 > 0 then 'probed'
        when end_reason = 'discarded' then end_reason
        when end_reason = 'canceled' then 'given up'
        when
            outcome_bits >= 8
            and (end_reason = 'expired' or outcome_bits & 1 > 0 or outcome_bits & 2 > 0)
            then 'partly delivered'
        when end_reason = 'expired' then 'expired'
        when outcome_bits = 8 then 'filtered'
        when outcome_bits = 16 then 'forwarded'
        when outcome_bits >= 8 then 'delivered'
        when outcome_bits & 1 > 0 then 'bounced'
        when outcome_bits & 2 > 0 then 'discarded'
        when outcome_bits & 4 > 0 then 'probed'
        else 'removed'
    end;
