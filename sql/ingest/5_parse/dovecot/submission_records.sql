-- One row per message that Dovecot's submission service handed over, or could not
create or replace temp table submission_records as
select
    line_key,
    logged_at,
    header_id,
    speaker.username,
    speaker.pid,
    speaker.session_id,
    regexp_matches(body, '^(?:relay: )?Successfully ') as is_success,
    sender,
    recipient,
    size_bytes,
    recipient_count,
    transaction_id,
    reply,
    reply_code,
    relayed_queue_id as queue_id
from columns_of(dovecot_lines, 'submission_records')
where is_changed;
