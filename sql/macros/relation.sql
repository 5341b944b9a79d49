-- What a message is to the one that it came of (message_links), in words
create or replace macro relation(reason, parent_queue_id) as
    replace(
        case reason
            when 'filter' then '{} after a content filter'
            when 'next hop' then '{} at its next hop'
            when 'forward' then '{} forwarded'
            when 'requeue' then '{} put back into the queue'
            when 'bounce' then 'the bounce of {}'
            when 'delay notice' then 'the notice of delay of {}'
            when 'success notice' then 'the delivery report of {}'
            when 'postmaster notice' then 'the notice to the postmaster about {}'
        end,
        '{}',
        parent_queue_id
    );
