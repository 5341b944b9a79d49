-- Kinds of Postfix's lines, told by daemon and first words
create or replace temp macro smtpd_kind(queue_id, body) as
    case
        when starts_with(body, 'connect from ') then 'smtpd_connect'
        when starts_with(body, 'disconnect from ') then 'smtpd_disconnect'
        when starts_with(body, 'client=')
            then case when queue_id is null then 'smtpd_proxy_client' else 'smtpd_client' end
        when starts_with(body, 'reject: ') then 'smtpd_reject'
        when regexp_matches(body, '^(?:[A-Z][a-z]+ )?TLS connection established from ')
            then 'smtpd_tls'
        when regexp_matches(
            body, '^(?:lost connection|timeout|too many errors|bare <LF> received) after '
        ) then 'smtpd_lost'
        when starts_with(body, 'reject_warning: ') then 'smtpd_reject_warning'
        when starts_with(body, 'milter-reject: ') then 'smtpd_milter_reject'
        when regexp_matches(
            body,
            '^(?:hold|discard|warn|info|redirect|filter|bcc|hangup|delay|permit|milter-hold'
            || '|milter-discard): [A-Z-]+ from '
        ) then 'smtpd_mark'
        when starts_with(body, 'abort: TLS from ') then 'smtpd_abort'
        when starts_with(body, 'proxy-accept: ')
            then
                case
                    when
                        filter_verdict(regexp_extract(body, '^[a-z-]+: [A-Z-]+: (.*)$', 1))
                        is not null
                        then 'smtpd_proxy_discard'
                    else 'smtpd_proxy_accept'
                end
        when starts_with(body, 'proxy-reject: ') then 'smtpd_proxy_reject'
        when regexp_matches(body, '^reply filter (?:in|out): ') then 'smtpd_reply_filter'
        when starts_with(body, 'improper command pipelining after ') then 'smtpd_pipelining'
        when contains(body, ': replacing command "') then 'smtpd_command_replaced'
        when starts_with(body, 'mapping DSN status ') then 'smtpd_status_mapped'
    end;

create or replace temp macro qmqpd_kind(queue_id, body) as
    case
        when starts_with(body, 'connect from ') then 'qmqpd_connect'
        when starts_with(body, 'disconnect from ') then 'qmqpd_disconnect'
        when queue_id is not null and starts_with(body, 'client=') then 'qmqpd_client'
        when regexp_matches(body, '^\S+\[[^\]]*\]: .* while ') then 'qmqpd_lost'
        when regexp_matches(body, '^.* while .*: \S+\[[^\]]*\]$') then 'qmqpd_lost'
    end;

create or replace temp macro postscreen_kind(body) as
    case
        when starts_with(body, 'CONNECT from [') then 'postscreen_connect'
        when starts_with(body, 'DISCONNECT [') then 'postscreen_disconnect'
        when regexp_matches(body, '^(?:PASS (?:OLD|NEW)|ALLOWLISTED|WHITELISTED) \[')
            then 'postscreen_pass'
        when starts_with(body, 'PASS ') then 'postscreen_test'
        when regexp_matches(body, '^(?:DENYLISTED|BLACKLISTED) \[') then 'postscreen_denylisted'
        when regexp_matches(body, '^(?:ALLOWLIST|WHITELIST) VETO \[') then 'postscreen_veto'
        when starts_with(body, 'PREGREET ') then 'postscreen_pregreet'
        when starts_with(body, 'DNSBL rank') then 'postscreen_dnsbl'
        when starts_with(body, 'HANGUP after ') then 'postscreen_hangup'
        when regexp_matches(body, '^reject: (?:RCPT|CONNECT) from \[') then 'postscreen_reject'
        when starts_with(body, 'reject: connect from [') then 'postscreen_busy'
        when regexp_matches(
            body,
            '^(?:COMMAND (?:PIPELINING|TIME LIMIT|COUNT LIMIT|LENGTH LIMIT)|NON-SMTP COMMAND'
            || '|BARE NEWLINE) from \['
        ) then 'postscreen_violation'
        when regexp_matches(body, '^(?:DATA|BDAT) without valid RCPT from \[')
            then 'postscreen_violation'
        when regexp_matches(body, '^(?:entering|leaving) STRESS mode with ')
            then 'postscreen_stress'
        when regexp_matches(body, '^\[[^\]]*\]:?\d+: discarding EHLO keywords: ')
            then 'ehlo_keywords'
    end;

create or replace temp macro postsuper_kind(queue_id, body) as
    case
        when queue_id is null then
            case
                when regexp_matches(
                    body,
                    '^(?:Deleted|Requeued|Placed on hold|Released from hold|Force-expired|Renamed '
                    || 'to match inode number): \d+ messages?$'
                ) then 'postsuper_total'
            end
        when body = 'removed' then 'queue_deleted'
        when body = 'requeued' then 'queue_requeued'
        when body = 'placed on hold' then 'queue_held'
        when body = 'released from hold' then 'queue_released'
        when body = 'expired' then 'queue_force_expired'
    end;

-- What cleanup says of a message beyond its Message-ID
create or replace temp macro cleanup_kind(body) as
    case
        when starts_with(body, 'resent-message-id=') then 'cleanup_resent_message_id'
        when regexp_matches(body, '^(?:milter-header-)?[a-z]+: (?:header|body|content|mime-error) ')
            then 'cleanup_check'
        when regexp_matches(body, '^milter-(?:reject|hold|discard): ') then 'cleanup_milter'
    end;

-- What a delivery agent says of a message besides its delivery records
create or replace temp macro agent_kind(body) as
    case
        when starts_with(body, 'passing <') and contains(body, '> to transport=')
            then 'delivery_passed_on'
        when regexp_matches(body, '^(?:warning|info|replace|prepend|strip): (?:header|body) ')
            then 'smtp_check'
        when regexp_matches(
            body,
            '^(?:host \S+ (?:said|refused to talk to me): |lost connection with \S+ while '
            || '|conversation with \S+ timed out while |Cannot start TLS: |Server certificate not '
            || '|TLS is required, |Protocol error: |local data error while talking to '
            || '|SASL (?:\[CACHED\] )?authentication failed|client TLS configuration problem'
            || '|Sender requested REQUIRETLS|TLSA lookup error for |unexpected server message'
            || '|message size \d+ exceeds size limit |server unavailable |connect to '
            || '|Host or domain name not found\. |Name service error for '
            || '|SMTPUTF8 is required, |message requires SMTPUTF8|unable to look up host '
            || '|unable to find primary relay for |\S+: host not found|mail for \S+ loops back to '
            || '|all network protocols are disabled|Domain \S+ does not accept mail '
            || '|unreadable mail queue entry)'
        ) then 'smtp_host_failure'
        when regexp_matches(body, '^(?:breaking line > |enabling PIX )')
            then 'smtp_workaround'
    end;

-- Lines of many daemons that name no message
create or replace temp macro postfix_event_kind(daemon, body) as
    case
        when starts_with(body, 'connect to ') and daemon in ('smtp', 'lmtp')
            then 'smtp_connect_failure'
        when starts_with(body, 'statistics: ') then 'postfix_statistics'
        when regexp_matches(
            body, '^(?:[A-Z][a-z]+ )?TLS connection (?:established|reused) (?:from|to) '
        ) then case when daemon in ('smtp', 'lmtp') then 'smtp_tls' else 'tlsproxy_tls' end
        when regexp_matches(
            body, '^SSL_(?:accept|connect) error (?:from|to) |^TLS handshake failed'
        ) then 'tls_failure'
        when regexp_matches(
            body, '^(?:(?:client|server|CA) )?certificate verification failed for '
        ) then 'tls_certificate'
        when regexp_matches(
            body,
            '^setting up TLS connection (?:from|to) |^SSL_\w+:|^SSL3 alert |^TLS SNI '
            || '|^\S+: (?:TLS cipher list "|subject_CN=|issuer=|Reusing old session|re-using '
            || 'session with |Matched |SNI hostname: |depth=|certificate verification depth=)'
            || '|^(?:looking for|saving|reloaded|removing|remove|save|put|delete|write) (?:\S+ )?'
            || 'session '
            || '|^initializing the (?:server|client)-side TLS engine'
            || '|^\S+: (?:Issuing|Decrypting) session ticket'
        ) then 'tls_detail'
        when regexp_matches(body, '^TLS protocol trace for |^skipping TLS trace output')
            then 'tls_trace'
        when regexp_matches(body, '^[Cc]annot (?:load|get) .*disabling TLS support$')
            then 'tls_disabled'
        when starts_with(body, 'TLS library problem: ') then 'tls_library'
        when starts_with(body, 'TLSRPT: status=') then 'smtp_tls_report'
        when starts_with(body, 'Host offered STARTTLS: ') then 'smtp_starttls_offered'
        when contains(body, 'discarding EHLO keywords: ')
            or regexp_matches(body, '^host \S+ offers SMTPUTF8 support, but not 8BITMIME')
            then 'ehlo_keywords'
        when contains(body, ': replacing server reply "') then 'smtp_reply_replaced'
        when starts_with(body, 'SMTPS wrappermode (') then 'postfix_advice'
        when starts_with(body, 'table ') and contains(body, ' has changed -')
            then 'postfix_table_changed'
        when starts_with(body, 'using backwards-compatible default setting ')
            or starts_with(body, 'Postfix is using backwards-compatible default settings')
            or starts_with(body, 'Postfix is running with backwards-compatible default settings')
            then 'postfix_compatibility'
        when daemon = 'postfix' and regexp_matches(body, '^(?:See |To disable )')
            then 'postfix_compatibility'
        when starts_with(body, 'cache ') and contains(body, ' cleanup: retained=')
            then 'postfix_cache_cleanup'
        when daemon = 'master' and regexp_matches(
            body,
            '^(?:daemon started|reload (?:-- |configuration )|terminating on signal '
            || '|master exit time)'
        ) then 'postfix_lifecycle'
        when daemon in ('postfix-script', 'postmulti-script') and regexp_matches(
            body,
            '^(?:starting|stopping|refreshing|aborting|waiting for) the Postfix mail system'
            || '|^the Postfix mail system is '
        ) then 'postfix_lifecycle'
        when daemon = 'dnsblog' and starts_with(body, 'addr ') then 'dnsblog_listed'
        when daemon = 'tlsproxy' and regexp_matches(body, '^(?:CONNECT (?:from|to)|DISCONNECT) \[')
            then 'tlsproxy_session'
        when regexp_matches(body, last_repeated_text()) then 'lines_repeated'
        when starts_with(body, 'redirecting ') or daemon in ('postfix-tls-script', 'nbdb_reindexd')
            then 'postfix_advice'
        when daemon = 'postlog' then 'postlog_text'
        when regexp_matches(
            body,
            '^[<>] \S+: |^>>> .* <<<$|^[a-z]+_[a-z_0-9]+: |^[a-z]+_[a-z_]+\('
            || '|^(?:send|input|recv) attr|^\S+(?: socket)?: wanted attribute'
            || '|^rewrite_clnt|^(?:master_notify|name_mask|auto_clnt_|watchdog_|event_|been_here'
            || '|dict_|vstream_|match_)'
            || '|^connection (?:established|closed)(?:$|: )|^fsspace: |^smtp_get: '
            || '|^(?:start|done) [a-z]+ queue scan|^(?:start|end) sorted recipient list'
            || '|^open (?:active|incoming|deferred) [0-9A-Za-z]+$|^trying\.\.\. \['
            || '|^(?:before|after) (?:input|output)_\w+: |^(?:proxymap|rewrite) stream disconnect'
            || '|^idle timeout -- exiting|^process generation: '
        ) then 'postfix_debug'
    end;

-- Warnings and worse that are more than a warning
create or replace temp macro postfix_trouble_kind(daemon, severity, queue_id, body) as
    case
        when severity = 'warning' then
            case
                when queue_id is not null then 'message_warning'
                when daemon in ('smtpd', 'postscreen') then
                    case
                        when regexp_matches(
                            body,
                            '^[^\s\[\]]+\[[^\]]*\](?::\d+)?: SASL \S+ authentication'
                            || '(?: failed| aborted|$)'
                        ) then 'smtpd_sasl_failure'
                        when regexp_matches(
                            body, '^[A-Z][A-Za-z ]+ limit exceeded: \d+ from \S+ for service(?: |$)'
                        ) then 'smtpd_limit'
                        when regexp_matches(
                            body,
                            '^Refusing (?:STARTTLS|TLS service) request from \S+ for service(?: |$)'
                        ) then 'smtpd_limit'
                        when regexp_matches(
                            body,
                            '^hostname \S+ does not resolve to address |^\S+: hostname \S+ '
                            || 'verification failed: |^\S+: address not listed for hostname '
                        ) then 'smtpd_name_mismatch'
                        when starts_with(body, 'Illegal address syntax from ')
                            then 'smtpd_bad_address'
                        when regexp_matches(
                            body,
                            '^non-SMTP command from '
                            || '|^\S+: request longer than |BDAT (?:command|request|content)'
                            || '|^(?:reject|bad): ETRN |^bad ETRN '
                        ) then 'smtpd_bad_command'
                        when starts_with(body, 'TLS library problem: ') then 'tls_library'
                    end
                when starts_with(body, 'TLS library problem: ') then 'tls_library'
                when daemon = 'master' then
                    case
                        when regexp_matches(body, '^process \S+ pid \d+ ')
                            then 'master_process_ended'
                        when contains(body, ' -- throttling') then 'master_throttling'
                        when regexp_matches(
                            body,
                            ' has reached its process limit "|^to avoid this condition, increase '
                            || '|^see https?://www\.postfix\.org/STRESS_README'
                        ) then 'master_process_limit'
                    end
                when daemon in ('qmgr', 'oqmgr', 'nqmgr') and regexp_matches(
                    body,
                    '^mail for \S+ is using up |^this may slow down other mail |^you may need to '
                    || '|^so that Postfix |^please avoid flushing |^to turn off these warnings '
                ) then 'qmgr_clogged'
            end
    end;

create or replace temp macro postfix_kind(daemon, severity, queue_id, body) as
    case
        when severity is not null
            then coalesce(
                postfix_trouble_kind(daemon, severity, queue_id, body), 'postfix_' || severity
            )
        when queue_id is not null and starts_with(body, 'to=<') and contains(body, ', status=')
            then 'delivery'
        when daemon = 'smtpd'
            then coalesce(smtpd_kind(queue_id, body), postfix_event_kind(daemon, body))
        when daemon = 'postscreen'
            then coalesce(postscreen_kind(body), postfix_event_kind(daemon, body))
        when daemon = 'postsuper' then postsuper_kind(queue_id, body)
        when daemon = 'qmqpd'
            then coalesce(qmqpd_kind(queue_id, body), postfix_event_kind(daemon, body))
        when queue_id is not null then
            case
                when starts_with(body, 'message-id=') and daemon = 'cleanup'
                    then 'cleanup_message_id'
                when daemon in ('qmgr', 'oqmgr', 'nqmgr') and starts_with(body, 'from=<') then
                    case
                        -- The sender chooses where a long line is cut off: what follows counts only
                        -- where the sender ends
                        when strlen(body) >= 430 and starts_with(body, 'from=<"') then
                            case regexp_extract(
                                body,
                                '^from=<"(?:[^"\\]|\\.)*"[^"\\>]*>, (size|status)=[^"]*$',
                                1
                            )
                                when 'size' then 'qmgr_active'
                                when 'status' then 'qmgr_expired'
                            end
                        when ends_with(body, ' (queue active)') then 'qmgr_active'
                        -- Cut off
                        when regexp_matches(body, '>, size=\d+,(?: nrcpt=\d*)?(?: \(queue)?$')
                            then 'qmgr_active'
                        when contains(body, '>, status=expired, returned') then 'qmgr_expired'
                        when contains(body, '>, status=force-expired, returned') then 'qmgr_expired'
                    end
                when body = 'removed' then 'queue_removed'
                when body = 'removed (canceled)' then 'queue_canceled'
                when body = 'removed (discarded)' then 'queue_discarded'
                when daemon = 'pickup' and starts_with(body, 'uid=') then 'pickup'
                when daemon = 'cleanup' then cleanup_kind(body)
                when regexp_matches(body, '^(?:sender|postmaster) non-delivery notification: ')
                    then 'bounce_notice'
                when regexp_matches(body, '^(?:sender|postmaster) delay notification: ')
                    then 'delay_notice'
                when starts_with(body, 'sender delivery status notification: ')
                    then 'success_notice'
                when starts_with(body, 'not sending trace/success notification for ')
                    then 'bounce_not_sent'
                when body = 'skipped, still being delivered' then 'qmgr_skipped'
                when regexp_matches(body, '^status=deferred \([a-z -]+ failed\)$')
                    then 'notice_failed'
                else agent_kind(body)
            end
        else postfix_event_kind(daemon, body)
    end;

-- Decisions of smtpd about a client, sender or recipient
create or replace temp macro is_smtpd_verdict(kind) as
    kind in (
        'smtpd_reject', 'smtpd_reject_warning', 'smtpd_milter_reject', 'smtpd_mark', 'smtpd_abort'
    );

-- All lines of smtpd that are rows of rejections
create or replace temp macro is_smtpd_rejection(kind) as
    is_smtpd_verdict(kind)
    or kind in (
        'smtpd_limit', 'smtpd_bad_address', 'smtpd_proxy_reject', 'smtpd_proxy_discard'
    );

-- Decisions of cleanup about the content of a message
create or replace temp macro is_cleanup_verdict(kind) as
    kind in ('cleanup_check', 'cleanup_milter');

-- Lines of postscreen about one client
create or replace temp macro is_postscreen(kind) as
    kind in (
        'postscreen_connect', 'postscreen_disconnect', 'postscreen_pass', 'postscreen_denylisted',
        'postscreen_veto', 'postscreen_pregreet', 'postscreen_dnsbl', 'postscreen_hangup',
        'postscreen_reject', 'postscreen_busy', 'postscreen_violation'
    );

-- Those of them that are decisions
create or replace temp macro is_postscreen_verdict(kind) as
    kind in (
        'postscreen_denylisted', 'postscreen_veto', 'postscreen_pregreet', 'postscreen_dnsbl',
        'postscreen_reject', 'postscreen_busy', 'postscreen_violation'
    );

create or replace temp macro ends_screening(kind) as
    kind in ('postscreen_disconnect', 'postscreen_busy');

create or replace temp macro notice_severity(kind) as
    case
        when kind in ('postfix_error', 'postfix_fatal', 'postfix_panic') then substr(kind, 9)
        when kind in (
            'postfix_warning', 'message_warning', 'smtpd_name_mismatch', 'smtpd_bad_command',
            'tls_library', 'tls_disabled', 'master_process_ended', 'master_throttling',
            'master_process_limit', 'qmgr_clogged', 'lines_lost'
        ) then 'warning'
        else 'info'
    end;

-- Lines that name the client of the connection at hand
create or replace temp macro names_client(kind) as
    kind in (
        'smtpd_connect', 'smtpd_disconnect', 'smtpd_client', 'smtpd_proxy_client', 'smtpd_lost',
        'smtpd_tls', 'smtpd_sasl_failure', 'smtpd_bad_address', 'qmqpd_connect',
        'qmqpd_disconnect', 'qmqpd_client'
    ) or is_smtpd_verdict(kind);

create or replace temp macro is_connect(kind) as kind in ('smtpd_connect', 'qmqpd_connect');

create or replace temp macro is_disconnect(kind) as
    kind in ('smtpd_disconnect', 'qmqpd_disconnect');

-- What cleanup says of a message that it takes in
create or replace temp macro is_intake(kind) as
    kind = 'cleanup_message_id'
    or kind = 'cleanup_resent_message_id'
    or is_cleanup_verdict(kind);

-- Lines that give a queue id out to the message of a client
create or replace temp macro is_reception(kind) as kind in ('smtpd_client', 'qmqpd_client');

create or replace temp macro is_birth(kind) as is_reception(kind) or kind = 'pickup';

-- Where a message comes from, as far as the line that gave its queue id out tells it
create or replace temp macro own_origin(birth_kind) as
    case birth_kind
        when 'smtpd_client' then 'smtp'
        when 'qmqpd_client' then 'qmqp'
        when 'pickup' then 'pickup'
    end;

create or replace temp macro is_removal(kind) as
    kind in (
        'queue_removed', 'queue_canceled', 'queue_discarded', 'queue_deleted', 'queue_requeued',
        'queue_filtered'
    );

-- The text of such a line from the client on
create or replace temp macro client_text(kind, body) as
    case kind
        when 'smtpd_connect' then substr(body, 14)
        when 'smtpd_disconnect' then substr(body, 17)
        when 'smtpd_client' then substr(body, 8)
        when 'smtpd_proxy_client' then substr(body, 8)
        when 'smtpd_sasl_failure' then body
        when 'qmqpd_connect' then substr(body, 14)
        when 'qmqpd_disconnect' then substr(body, 17)
        when 'qmqpd_client' then substr(body, 8)
        else substr(body, strpos(body, ' from ') + 6)
    end;
