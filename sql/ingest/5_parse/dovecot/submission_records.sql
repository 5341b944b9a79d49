-- One row per message that Dovecot's submission service handed over, or could not
-- No pattern of a form: a sender can imitate what follows it, and then nothing counts
-- submission(alice@example.com)<5301><IQdzOm5Xy8PAAAIK>: Successfully relayed message: from=<alice@example.com>, size=5228, id=2R4qAkClZGq1FAAAYovH3A, nrcpt=2, reply=`250 2.0.0 Ok: queued as 1A07F26E315'
create or replace temp table submission_records as
with matched as (
    select
        line_key,
        logged_at,
        header_id,
        speaker,
        regexp_matches(body, '^(?:relay: )?Successfully ') as is_success,
        -- The sender may imitate what follows it
        case
            when not may_be_cut and body not like '%>, size=%>, size=%' then regexp_extract(
                body,
                '^(?:relay: )?[A-Z][a-z ]+ message: from=<(.*?)>(?:, to=<(.*?)>)?, size=(\d+)'
                || '(?:, id=([^,]+))?, (?:nrcpt=|rcpt=\d+/)(\d+), reply=`(.*?)''?$',
                ['sender', 'recipient', 'size', 'id', 'count', 'reply']
            )
        end as parts
    from dovecot_lines
    where is_changed and kind = 'submission_relayed'
),

readable as (
    select
        * exclude (parts),
        case
            when is_whole_address(parts.sender) and is_whole_address(parts.recipient) then parts
        end as parts
    from matched
)

select
    line_key,
    logged_at,
    header_id,
    speaker.username,
    speaker.pid,
    speaker.session_id,
    is_success,
    case when parts.size <> '' then parts.sender end as sender,
    nullif(parts.recipient, '') as recipient,
    count_of(parts.size) as size_bytes,
    try_cast(parts.count as integer) as recipient_count,
    nullif(parts.id, '') as transaction_id,
    nullif(parts.reply, '') as reply,
    try_cast(regexp_extract(parts.reply, '^([245]\d\d)[ -]', 1) as integer) as reply_code,
    nullif(regexp_extract(parts.reply, ' queued as ([0-9A-Za-z]{6,})$', 1), '') as queue_id
from readable;
