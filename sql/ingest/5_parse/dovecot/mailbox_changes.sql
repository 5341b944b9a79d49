-- One row per line that tells of a change in a mailbox
-- No pattern of a form: elements come and go, and a sender chooses some of them
-- imap(alice@example.com)<4712><IQdzOm5Xy8PAAAIK>: save: box=Sent, uid=31, msgid=<m10@example.com>, size=5228, from=alice@example.com, subject=Re: plan, draft 2, flags=(\Seen)
-- imap(alice@example.com)<4712><IQdzOm5Xy8PAAAIK>: Mailbox Trash: copy from INBOX: box=Trash, uid=78, msgid=<m4@example.org>, size=2310
-- imap(alice@example.com)<4712><IQdzOm5Xy8PAAAIK>: Mailbox renamed: Projects/2026 -> Archive/2026
-- IMAP(alice): copy -> Trash: uid=8121, msgid=<m14@example.org>
create or replace temp table mailbox_changes as
with changes as (
    select
        line_key,
        logged_at,
        header_id,
        kind,
        speaker,
        body,
        -- A mailbox that is named like an event, or an event of a mailbox named so
        not may_be_cut
        and not regexp_matches(
            body,
            '^Mailbox (?:created|deleted|renamed): (?:.*: (?:box|uids?|msgid)='
            || '|(?:.*: )?Mailbox (?:created|deleted|renamed)(?:$|: ))'
        ) as is_readable
    from dovecot_lines
    where is_changed and kind in ('mailbox_event', 'imap_sieve_action')
),

-- Names of mailboxes and subjects are the users' and the senders': the head is taken from the
-- left, the keys up to the message-id by their order
matched as (
    select
        *,
        case
            when kind = 'imap_sieve_action' or not is_readable then null
            when contains(body, ' -> ') and not contains(body, 'Mailbox ')
                then regexp_extract(
                    body,
                    '^(?:copy|save) -> (.*?): (?:uids?|dest|msgid)=',
                    ['destination']
                )
        end as old_copy,
        case
            when is_readable then regexp_extract(
                body,
                '^(?:Mailbox (.*?): )?(delete|undelete|expunge|autoexpunge|save|flag_change'
                || '|copy from |deleted|undeleted|expunged)(.*?): ((?:box|uids?|msgid)=.*)$',
                ['mailbox', 'event', 'source', 'fields']
            )
        end as message,
        case
            when is_readable then regexp_extract(
                body,
                '^(?:Mailbox (.*): )?Mailbox (created|deleted|renamed)(?::(?: (.*))?)?$',
                ['mailbox', 'event', 'names']
            )
        end as box
    from changes
),

fielded as (
    select
        * exclude (message),
        message,
        case
            when old_copy.destination <> '' then substr(body, strpos(body, ': ') + 2)
            else message.fields
        end as fields
    from matched
),

-- flags from the right, then subject, then from: all before them is the server's
flagged as (
    select
        * exclude (fields),
        nullif(regexp_extract(fields, ', flags=\(([^()]*)\)$', 1), '') as flags,
        case
            when not has_imitated_fields(fields)
                then regexp_replace(fields, ', flags=\([^()]*\)?$', '')
        end as fields
    from fielded
),

subjected as (
    select
        *,
        regexp_extract(
            fields,
            '^(?:box=(.*?), )?uid=(\d+|error)(?:, msgid=(.*?))?'
            || '((?:, size=(?:\d+|error))?(?:, vsize=(?:\d+|error))?),?$',
            ['mailbox', 'uid', 'message_id', 'tail']
        ) as short,
        regexp_extract(
            fields,
            '^(?:box=(.*?), )?uid=(\d+|error)(?:, msgid=(.*?))?'
            || '((?:, size=(?:\d+|error))?(?:, vsize=(?:\d+|error))?(?:, from=.*)?)$',
            ['mailbox', 'uid', 'message_id', 'tail']
        ) as long,
        regexp_extract(
            fields, '^(?:uids?=([0-9,:-]*?))?,?(?: ?msgid=(.*))?$', ['uid', 'message_id']
        ) as old
    from flagged
),

told as (
    select
        * exclude (short, long),
        case
            when
                short.uid <> ''
                and not contains(fields, ', subject=')
                and not regexp_matches(fields, ', v?size=\w+, from=')
                then short
            else long
        end as usual
    from subjected
)

select
    line_key,
    logged_at,
    header_id,
    speaker.service,
    speaker.username,
    speaker.pid,
    speaker.session_id,
    speaker.client_ip,
    case
        when kind = 'imap_sieve_action' then 'filtered'
        when starts_with(body, 'Transaction rolled back') then 'rolled back'
        when box.event <> '' then 'mailbox ' || box.event
        when old_copy.destination <> '' then 'copied'
        when message.event in ('delete', 'deleted') then 'marked as deleted'
        when message.event in ('undelete', 'undeleted') then 'unmarked as deleted'
        when message.event in ('expunge', 'expunged') then 'expunged'
        when message.event = 'autoexpunge' then 'autoexpunged'
        when message.event = 'save' then 'saved'
        when message.event = 'copy from ' then 'copied'
        when message.event = 'flag_change' then 'flags changed'
    end as event,
    nullif(
        case
            when kind = 'imap_sieve_action' then regexp_extract(body, ' mailbox ''(.*)''', 1)
            when box.event = 'renamed' then regexp_extract(box.names, '^(.*?) ->(?: |$)', 1)
            when box.event <> '' then coalesce(nullif(box.names, ''), box.mailbox)
            when old_copy.destination <> '' then old_copy.destination
            else coalesce(nullif(usual.mailbox, ''), message.mailbox)
        end,
        ''
    ) as mailbox,
    case when message.event = 'copy from ' then nullif(message.source, '') end as source,
    case
        when box.event = 'renamed'
            then nullif(regexp_extract(box.names, '^.*? -> (.*)$', 1), '')
    end as new_name,
    nullif(coalesce(nullif(usual.uid, ''), nullif(old.uid, '')), 'error') as uid,
    bare_message_id(
        case
            when kind = 'imap_sieve_action' then regexp_extract(body, 'msgid=(.*?): ', 1)
            else coalesce(nullif(usual.message_id, ''), old.message_id)
        end
    ) as message_id,
    count_of(regexp_extract(usual.tail, '^, size=(\d+)', 1)) as size_bytes,
    count_of(regexp_extract(usual.tail, '^(?:, size=\w+)?, vsize=(\d+)', 1))
        as virtual_size_bytes,
    nullif(regexp_extract(usual.tail, '^(?:, v?size=\w+)*, from=(.*?)(?:, subject=|,?$)', 1), '')
        as sender,
    nullif(regexp_extract(usual.tail, '^(?:, v?size=\w+)*, from=.*?, subject=(.*)$', 1), '')
        as subject,
    flags,
    case
        when kind = 'imap_sieve_action' then regexp_replace(body, '^(?:sieve: )?msgid=.*?: ', '')
        when starts_with(body, 'Transaction rolled back') then body
    end as text
from told;
