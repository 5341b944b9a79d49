-- Kinds of Postfix's lines, told by daemon and first words
create or replace temp macro smtpd_kind(queue_id, body) as
    case
        when starts_with(body, 'connect from ') then 'smtpd_connect'
        when starts_with(body, 'disconnect from ') then 'smtpd_disconnect'
        when starts_with(body, 'client=')
            then case when queue_id is null then 'smtpd_proxy_client' else 'smtpd_client' end
        when regexp_matches(body, '^(?:lost connection|timeout|too many errors) after ')
            then 'smtpd_lost'
        when starts_with(body, 'reject: ') then 'smtpd_reject'
        when starts_with(body, 'reject_warning: ') then 'smtpd_reject_warning'
        when starts_with(body, 'milter-reject: ') then 'smtpd_milter_reject'
        when regexp_matches(
            body,
            '^(?:hold|discard|warn|info|redirect|filter|bcc|hangup|delay|permit|milter-hold'
            || '|milter-discard): [A-Z-]+ from '
        ) then 'smtpd_mark'
        when regexp_matches(body, '^(?:[A-Z][a-z]+ )?TLS connection established from ')
            then 'smtpd_tls'
    end;

create or replace temp macro postfix_kind(daemon, severity, queue_id, body) as
    case
        when severity is not null then
            case
                when severity = 'warning' and daemon = 'smtpd' and regexp_matches(
                    body,
                    '^[^\s\[\]]+\[[^\]]*\](?::\d+)?: SASL \S+ authentication '
                    || '(?:failed|aborted)'
                ) then 'smtpd_sasl_failure'
                else 'postfix_' || severity
            end
        when queue_id is not null and starts_with(body, 'to=<') and contains(body, ', status=')
            then 'delivery'
        when daemon = 'smtpd' then smtpd_kind(queue_id, body)
        when queue_id is not null then
            case
                when starts_with(body, 'message-id=') and daemon = 'cleanup'
                    then 'cleanup_message_id'
                when daemon in ('qmgr', 'oqmgr', 'nqmgr') and starts_with(body, 'from=<') then
                    case
                        when ends_with(body, ' (queue active)') then 'qmgr_active'
                        when contains(body, '>, status=expired, returned') then 'qmgr_expired'
                        when contains(body, '>, status=force-expired, returned') then 'qmgr_expired'
                    end
                when body = 'removed' then 'queue_removed'
                when body = 'removed (canceled)' then 'queue_canceled'
                when body = 'removed (discarded)' then 'queue_discarded'
                when daemon = 'pickup' and starts_with(body, 'uid=') then 'pickup'
                when regexp_matches(body, '^(?:sender|postmaster) non-delivery notification: ')
                    then 'bounce_notice'
                when regexp_matches(body, '^(?:sender|postmaster) delay notification: ')
                    then 'delay_notice'
                when starts_with(body, 'sender delivery status notification: ')
                    then 'success_notice'
            end
        when starts_with(body, 'connect to ') and daemon in ('smtp', 'lmtp')
            then 'smtp_connect_failure'
        when starts_with(body, 'statistics: ') then 'postfix_statistics'
        when daemon = 'master' and regexp_matches(
            body, '^(?:daemon started -- |reload -- |terminating on signal |master exit time)'
        ) then 'postfix_lifecycle'
        when daemon = 'postfix-script' and ends_with(body, ' the Postfix mail system')
            then 'postfix_lifecycle'
    end;

-- Decisions of smtpd about a client, sender or recipient
create or replace temp macro is_verdict(kind) as
    kind in ('smtpd_reject', 'smtpd_reject_warning', 'smtpd_milter_reject', 'smtpd_mark');

-- Lines of smtpd that name the client of the connection at hand
create or replace temp macro names_client(kind) as
    kind in (
        'smtpd_connect', 'smtpd_disconnect', 'smtpd_client', 'smtpd_proxy_client', 'smtpd_lost',
        'smtpd_tls', 'smtpd_sasl_failure'
    ) or is_verdict(kind);

create or replace temp macro is_birth(kind) as kind in ('smtpd_client', 'pickup');

create or replace temp macro is_removal(kind) as
    kind in ('queue_removed', 'queue_canceled', 'queue_discarded');

-- The text of such a line from the client on
create or replace temp macro client_text(kind, body) as
    case kind
        when 'smtpd_connect' then substr(body, 14)
        when 'smtpd_disconnect' then substr(body, 17)
        when 'smtpd_client' then substr(body, 8)
        when 'smtpd_proxy_client' then substr(body, 8)
        when 'smtpd_sasl_failure' then body
        else substr(body, strpos(body, ' from ') + 6)
    end;
