-- One row per message of which a filter told whether its origin is proven: SPF, DKIM, DMARC and ARC
create or replace view proofs_of_origin as
with told as (
    select
        message_key,
        check_name,
        program,
        sender,
        result,
        is_certain,
        -- Of several signatures one that holds is enough
        coalesce(
            list_position(
                ['pass', 'signed', 'fail', 'neutral', 'permerror', 'temperror', 'none'], result
            ),
            9
        ) as place,
        coalesce(text = 'helo', false) as is_of_helo
    from message_checks
    where check_name in ('spf', 'dkim', 'dmarc', 'arc') and message_key is not null
),

-- What SPF says of the HELO name matters where nothing is said of the sender
meant as (
    select * from told
    qualify
        case check_name
            when 'dkim'
                then place = min(place) over (partition by message_key, check_name, program)
            when 'spf'
                then is_of_helo = bool_and(is_of_helo) over (partition by message_key, check_name)
            else true
        end
),

together as (
    select
        message_key,
        check_name,
        any_value(sender) as sender,
        -- Where filters differ, both
        string_agg(distinct result, ', ' order by result) as result,
        bool_or(is_certain) as is_certain
    from meant
    group by message_key, check_name
)

select
    messages.message_key,
    messages.queue_id,
    messages.host,
    messages.queued_at,
    coalesce(messages.sender, any_value(together.sender)) as sender,
    max(together.result) filter (where together.check_name = 'spf') as spf,
    max(together.result) filter (where together.check_name = 'dkim') as dkim,
    max(together.result) filter (where together.check_name = 'dmarc') as dmarc,
    max(together.result) filter (where together.check_name = 'arc') as arc,
    string_agg(together.check_name, ', ' order by together.check_name)
        filter (where together.result is not null and not together.is_certain) as uncertain,
    messages.state
from together
inner join messages on together.message_key = messages.message_key
group by
    messages.message_key, messages.queue_id, messages.host, messages.queued_at, messages.sender,
    messages.state;

comment on column proofs_of_origin.message_key is 'The message (messages)';
comment on column proofs_of_origin.queue_id is 'Its queue id';
comment on column proofs_of_origin.host is 'Mail server whose queue held it';
comment on column proofs_of_origin.queued_at is 'Time of its first line';
comment on column proofs_of_origin.sender is 'Envelope sender; empty for the null sender';
comment on column proofs_of_origin.spf is
'What SPF says of the sender, else of the HELO name: pass, fail, softfail, neutral, none, '
'temperror or permerror; both, with a comma, where filters differ; NULL where none told it, or it '
'is in doubt';
comment on column proofs_of_origin.dkim is
'What DKIM says: pass where one signature holds, fail, none, temperror, permerror, or signed where '
'it was signed here; both, with a comma, where filters differ';
comment on column proofs_of_origin.dmarc is
'What DMARC says of the domain in From: pass, fail, none, temperror or permerror; both, with a '
'comma, where filters differ';
comment on column proofs_of_origin.arc is 'What ARC says: pass, fail, none, temperror or permerror';
comment on column proofs_of_origin.uncertain is
'Which of them the sender may have forged: rspamd does not quote what mail or DNS say, and '
'a rule that stands behind such text may be part of it; NULL where none';
comment on column proofs_of_origin.state is 'What became of the message (messages)';
