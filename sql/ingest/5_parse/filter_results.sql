-- One row per line in which a filter says what it thinks of a message
-- opendkim[324]: 1E24040751: DKIM verification successful
-- policyd-spf[29690]: prepend Received-SPF: Pass (mailfrom) identity=mailfrom; client-ip=198.51.100.52; helo=mx.example.net; envelope-from=alice@example.net; receiver=<UNKNOWN>
-- postgrey[600]: action=pass, reason=triplet found, delay=720, client_name=mx.example.net, client_address=198.51.100.31, sender=alice@example.net, recipient=bob@example.com
create or replace temp view filter_results as
select
    line_key,
    logged_at,
    header_id,
    -- Else that of what it gave back
    coalesce(queue_id, queued_as) as queue_id,
    kind,
    filter_result(kind, words, action) as result,
    lower(action) as action,
    lower(coalesce(domain, case identity when 'helo' then helo_name else domain_of(sender) end))
        as domain,
    score,
    threshold,
    coalesce(waited_seconds, epoch(try_cast(waited as interval))) as waited_seconds,
    client_name,
    client_ip,
    sender,
    recipient,
    message_id,
    case
        when kind = 'spam_check' and words is null then rspamd_rules(text)
        when identity = 'mfrom' then 'mailfrom'
        else coalesce(text, identity)
    end as text,
    case when kind = 'spam_check' and words is null then rspamd_dmarc_domain(text) end
        as dmarc_domain,
    case when kind = 'spam_check' and words is null then rspamd_certain_rules(text) end
        as certain_rules
from columns_of(changed_lines, 'message_checks');
