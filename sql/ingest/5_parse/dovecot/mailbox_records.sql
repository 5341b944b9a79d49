-- One row per line that tells what became of a message at its mailbox
-- No pattern of a form: a sender can imitate the verb, so all of them are looked for
-- lmtp(alice@example.com)<5151><kDZEBWymZGofFAAAYovH3A>: msgid=<m4@example.org>: saved mail to INBOX
-- lda(alice@example.com): msgid=<m2@example.org>: save failed to INBOX: Quota exceeded (mailbox for user is full)
-- lmtp(alice@example.com)<5151><kDZEBWymZGofFAAAYovH3A>: sieve: msgid=<m8@example.org>: fileinto action: stored mail into mailbox 'Lists'
-- lmtp(5151): kDZEBWymZGofFAAAYovH3A: Sent message to <alice@example.com> at 198.51.100.21:24: 250 2.0.0 <alice@example.com> Vs+DBHamZGogFAAAYovH3A Saved (1/1 at 12 ms)
create or replace temp table mailbox_records as
with saved as (
    select
        line_key,
        logged_at,
        header_id,
        kind,
        speaker,
        may_be_cut,
        -- deliver_log_format may end in what the sender chose
        regexp_extract(
            regexp_replace(body, turned_save(), 'msgid=\2: \1'),
            '^(.*?)(?: \(subject="(.*?)(?:"(?: size=(\d+)\)?)?)?)?$',
            ['text', 'subject', 'size']
        ) as framed
    from dovecot_lines
    where is_changed and kind = 'mailbox_save'
),

-- The sender chooses the message-id and the subject, and a recipient may choose the mailbox: of
-- several verbs none is known to be Dovecot's, unless all are the same
saves as (
    select
        * exclude (framed),
        case
            when may_be_cut then null
            when
                len(
                    regexp_extract_all(framed.text, '(?:^| )(?:' || save_verbs() || ')(?: |$)')
                ) <= 1
                then regexp_extract(
                    framed.text,
                    '^(?:(.*) )?(' || save_verbs() || ')(?: (.*))?$',
                    ['head', 'verb', 'tail']
                )
            when
                len(
                    list_distinct(
                        regexp_extract_all(framed.text, ' (' || save_verbs() || ') ', 1)
                    )
                ) = 1
                then {
                    'head': null,
                    'verb': regexp_extract(framed.text, ' (' || save_verbs() || ') ', 1),
                    'tail': null
                }
        end as parts,
        case when not may_be_cut then framed.subject end as subject,
        case when not may_be_cut then framed.size end as size
    from saved
),

headed as (
    select
        *,
        regexp_replace(parts.head, '[:,]$', '') as head
    from saves
),

of_saves as (
    select
        * exclude (parts, head, subject, size, may_be_cut),
        case
            when parts.verb is null then null
            when parts.verb = 'saved mail to' then 'stored'
            when contains(parts.tail, 'Quota exceeded') then 'quota full'
            when starts_with(parts.verb, 'save failed') then 'failed'
            when starts_with(parts.verb, 'Auto-submitted') then 'discarded'
            when starts_with(parts.verb, 'Permanently') then 'failed'
            else 'rejected'
        end as action,
        case
            when parts.verb = 'saved mail to' then parts.tail
            when starts_with(parts.verb, 'save failed')
                then regexp_extract(parts.tail, '^(.*?): ', 1)
        end as mailbox,
        case
            when starts_with(parts.verb, 'save failed')
                then substr(parts.tail, strpos(parts.tail, ': ') + 2)
            when parts.verb <> 'saved mail to' then parts.tail
        end as text,
        case
            when starts_with(head, 'msgid=') then substr(head, 7)
            when regexp_matches(head, ', size=\d+(?:, delivery_time=\d+ms)?$')
                then regexp_extract(head, '^.*msgid=(.*), size=\d+', 1)
            else regexp_extract(head, '^.*msgid=(.*)$', 1)
        end as message_id,
        coalesce(
            nullif(regexp_extract(head, ', envelope_sender=([^,\s]+)', 1), ''),
            nullif(regexp_extract(head, '^(?:mail from |from=)<?([^,:\s<>]+)', 1), '')
        ) as sender,
        coalesce(
            nullif(subject, ''), nullif(regexp_extract(head, ', subject=(.*), msgid=', 1), '')
        ) as subject,
        count_of(
            coalesce(
                nullif(size, ''),
                case
                    when not starts_with(head, 'msgid=')
                        then regexp_extract(head, ', size=(\d+)(?:, delivery_time=\d+ms)?$', 1)
                end
            )
        ) as size_bytes,
        try_cast(regexp_extract(head, ', delivery_time=(\d+)ms$', 1) as integer) / 1000.0
            as delivery_seconds
    from headed
),

-- What the sender chose stands before the end of a text: the end tells which of them it is
sieved as (
    select
        line_key,
        logged_at,
        header_id,
        kind,
        speaker,
        may_be_cut,
        case
            when regexp_matches(body, '\((?:reject|ereject)\)$')
                then sieve_parts(body, 'rejected message from ')
            when ends_with(body, '(discard action)')
                then sieve_parts(body, '[Mm]arked message to be discarded ')
            when regexp_matches(body, '''(?: \([^<>]*\))?(?: \[SPECIAL-USE(?: [^<>]*)?)?$')
                then sieve_parts(
                    body,
                    'stored mail into mailbox |left message in mailbox |piped message to program '
                )
            when ends_with(body, '>')
                then sieve_parts(
                    body,
                    'forwarded to |discarded duplicate [a-z ]+ to |sent vacation response to '
                    || '|discard(?:ed|ing) vacation [a-z ]+ |not sending [a-z ]+ to '
                    || '|sent mail notification to |sent ''[^'']*'' report to '
                    -- (reject) is missing
                    || '|rejected message from '
                )
            else sieve_parts(
                body,
                'store into mailbox |failed to store into mailbox |[Mm]arked message to be '
                || 'discarded |piped message to program |discarded duplicate [a-z ]+ to '
                || '|sent mail notification to |not forwarding message to '
                || '|failed to redirect message to |failed to send [a-z ]+ to '
                || '|sent ''|not sending [a-z ]+ |discard(?:ed|ing) vacation [a-z ]+ '
                || '|stored mail into mailbox |left message in mailbox |forwarded to '
                || '|rejected message from |sent vacation response to '
            )
        end as parts
    from dovecot_lines
    where is_changed and kind = 'sieve_action'
),

of_sieve as (
    select
        * exclude (parts, may_be_cut),
        case when not may_be_cut then regexp_replace(parts.head, ': [a-z]+ action$', '') end
            as message_id,
        case
            when may_be_cut or parts.verb is null then null
            when regexp_matches(parts.verb, '^(?:stored mail|left message)') then 'stored'
            when starts_with(parts.verb, 'forwarded') then 'forwarded'
            when starts_with(lower(parts.verb), 'marked') then 'discarded'
            when starts_with(parts.verb, 'rejected') then 'rejected'
            when starts_with(parts.verb, 'sent vacation') then 'answered'
            when starts_with(parts.verb, 'discarded duplicate') then 'duplicate'
            when starts_with(parts.verb, 'piped') then 'piped'
            when starts_with(parts.verb, 'sent ') then 'notified'
            when contains(parts.tail, 'Quota exceeded') then 'quota full'
            when starts_with(parts.verb, 'failed') then 'failed'
            else 'skipped'
        end as action,
        case
            when contains(parts.verb, 'mailbox ') and not may_be_cut
                then regexp_extract(
                    parts.tail, '^''(.*?)''(?:$|: | \(| \[SPECIAL-USE| skipped| aborted)', 1
                )
        end as mailbox,
        case
            when may_be_cut then null
            when starts_with(parts.verb, 'piped')
                then regexp_extract(parts.tail, '^[''`](.*)''$', 1)
            when not contains(parts.verb, 'mailbox ')
                then regexp_extract(parts.tail, '^<(.*)>', 1)
        end as target,
        case
            when may_be_cut then null
            when regexp_matches(parts.verb, '^(?:failed|store into)')
                then regexp_extract(parts.tail, '(?:''|>): (.*)$', 1)
            when regexp_matches(parts.verb, '^(?:not |discard|sent '')')
                then trim(parts.verb || parts.tail)
        end as text
    from sieved
),

of_proxies as (
    select
        line_key,
        logged_at,
        header_id,
        kind,
        {
            'service': speaker.service,
            'username': coalesce(speaker.username, recipient),
            'pid': speaker.pid,
            'session_id': coalesce(speaker.session_id, recipient_session_id),
            'client_ip': speaker.client_ip
        } as speaker,
        case
            when outcome = 'Sent' and starts_with(text, '2') then 'passed on'
            when outcome is not null then 'failed'
        end as action,
        target,
        text,
        remote_session_id
    from columns_of(dovecot_lines, 'lmtp_proxied')
    where is_changed
),

records as (
    select * from of_saves
    union all by name
    select * from of_sieve
    union all by name
    select * from of_proxies
)

select
    line_key,
    logged_at,
    header_id,
    case
        when speaker.service in ('lda', 'deliver') then 'lda'
        else coalesce(speaker.service, 'lda')
    end as agent,
    speaker.username,
    speaker.pid,
    speaker.session_id,
    kind = 'sieve_action' as is_sieve,
    action,
    nullif(mailbox, '') as mailbox,
    nullif(target, '') as target,
    nullif(text, '') as text,
    case when message_id <> 'unspecified' then bare_message_id(message_id) end as message_id,
    sender,
    subject,
    size_bytes,
    delivery_seconds,
    remote_session_id
from records;
