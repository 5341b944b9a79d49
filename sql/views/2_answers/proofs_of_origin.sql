-- One row per message of which a filter told whether its origin is proven: SPF, DKIM, DMARC and ARC
create or replace view proofs_of_origin as
with told as (
    select
        message_key,
        check_name,
        -- Where filters differ, both
        string_agg(distinct result, ', ' order by result) as result
    from message_checks
    where check_name in ('spf', 'dkim', 'dmarc', 'arc') and message_key is not null
    group by message_key, check_name
)

select
    messages.message_key,
    messages.queue_id,
    messages.host,
    messages.queued_at,
    messages.sender,
    max(told.result) filter (where told.check_name = 'spf') as spf,
    max(told.result) filter (where told.check_name = 'dkim') as dkim,
    max(told.result) filter (where told.check_name = 'dmarc') as dmarc,
    max(told.result) filter (where told.check_name = 'arc') as arc,
    messages.state
from told
inner join messages on told.message_key = messages.message_key
group by all;

comment on column proofs_of_origin.message_key is 'The message (messages)';
comment on column proofs_of_origin.queue_id is 'Its queue id';
comment on column proofs_of_origin.host is 'Mail server whose queue held it';
comment on column proofs_of_origin.queued_at is 'Time of its first line';
comment on column proofs_of_origin.sender is 'Envelope sender; empty for the null sender';
comment on column proofs_of_origin.spf is
'What SPF says: pass, fail, softfail, neutral, none, ...; NULL where no filter told it';
comment on column proofs_of_origin.dkim is 'What DKIM says: pass, fail, none, or signed here';
comment on column proofs_of_origin.dmarc is 'What DMARC says: pass, fail or none';
comment on column proofs_of_origin.arc is 'What ARC says: pass, fail or none';
comment on column proofs_of_origin.state is 'What became of the message (messages)';
