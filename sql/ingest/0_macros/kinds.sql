-- Kinds of Postfix that have something in common
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

-- What filters say of a message
create or replace temp macro is_filter_result(kind) as
    kind in (
        'spf_check', 'dkim_check', 'dmarc_check', 'spam_check', 'virus_check', 'greylist_check',
        'policy_check'
    );

-- Lines of other programs: none of them is of a life of a message, even where it names a queue id
create or replace temp macro is_of_others(kind) as kind = 'foreign' or is_filter_result(kind);

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
