-- Kinds of Dovecot's lines, told by who speaks and by the first words
create or replace temp macro dovecot_login_kind(body) as
    case
        when regexp_matches(body, '^(?:Login|Logged in|Login with referral): ')
            then 'dovecot_login'
        when starts_with(body, 'ID sent: ') then 'dovecot_client_id'
        when regexp_matches(body, '^(?:Login|Authenticate \S+|APOP) failed: ')
            then 'dovecot_login_note'
        when starts_with(body, 'SSL is disabled') then 'dovecot_info'
        when starts_with(body, 'proxy(') then
            case
                when regexp_matches(body, '^proxy\(.*\): [Ss]tarted proxying to ')
                    then 'dovecot_proxy_login'
                when regexp_matches(body, '^proxy\(.*\): (?:Login failed|Login aborted)[ :]')
                    then 'dovecot_login_failure'
                when regexp_matches(body, '^proxy\(.*\): (?:disconnecting |Disconnected by )')
                    then 'proxy_logout'
            end
        when regexp_matches(
            body,
            '^(?:Aborted login|Disconnected|Login aborted|Internal login failure'
            || '|Maximum number of connections|Authentication response too large|Timeout while '
            || 'finishing login|Connection kicked|Reconnected to auth server'
            || '|Client has quit the connection|Remote closed connection)[ :(,]'
        ) and (contains(body, 'user=<') or contains(body, ' rip=')) then 'dovecot_login_failure'
        when regexp_matches(body, '^access\(.*\): Client (?:refused|disconnected during lookup)')
            then 'dovecot_login_failure'
        when regexp_matches(body, '^haproxy: Client ') then 'dovecot_login_failure'
        when regexp_matches(body, '^(?:user=<|rip=)') then
            case
                when regexp_matches(body, ': (?:Login|Logged in)$') then 'dovecot_login'
                when regexp_matches(
                    body,
                    ': (?:Aborted login|Disconnected|Login aborted|Maximum number of connections'
                    || '|Timeout while finishing login|Internal login failure)\b'
                ) then 'dovecot_login_failure'
                when regexp_matches(body, ': Login failed: [^>]*$') then 'dovecot_login_note'
            end
    end;

-- A session of a user ends: in Dovecot's words, or in counters that only such a line has
create or replace temp macro is_session_end(body) as
    regexp_matches(
        body,
        '^(?:Disconnected|Logged out|Connection closed|Server shutting down|User kicked'
        || '|Inactivity|Client has not read|Disconnect from )'
    ) or regexp_matches(body, ' (?:top|retr|del|in|out|bytes|rcvd)=[0-9%]');

create or replace temp macro session_end_kind(service) as
    case service
        when 'pop3' then 'pop3_logout'
        when 'imap' then 'imap_logout'
        when 'imap-hibernate' then 'imap_logout'
        when 'managesieve' then 'sieve_logout'
        when 'sieve' then 'sieve_logout'
        when 'submission' then 'submission_logout'
    end;

-- What the mail_log plugin tells of mailboxes
create or replace temp macro is_mailbox_event(body) as
    regexp_matches(
        body,
        '^(?:Mailbox .*: )?(?:delete|undelete|expunge|autoexpunge|save|flag_change|copy from .*)'
        || ': (?:box|uid)='
    )
    or regexp_matches(
        body, '^(?:copy -> .*|deleted|undeleted|expunged|save -> .*): (?:uid|uids|dest|msgid)='
    )
    or regexp_matches(body, '^(?:Mailbox .*: )?Mailbox (?:created|deleted|renamed)(?:$|:)')
    or starts_with(body, 'Transaction rolled back: ');

create or replace temp macro is_sieve_action(body) as
    regexp_matches(
        body,
        '^(?:sieve: |imapsieve: .*)msgid=.*: (?:stored mail into mailbox|left message in mailbox'
        || '|store into mailbox|failed to store into mailbox|forwarded to|discarded duplicate'
        || '|not forwarding message|failed to redirect|[Mm]arked message to be discarded'
        || '|rejected message from|not sending|sent vacation|discarded vacation|discarding vacation'
        || '|failed to send|sent mail notification|sent ''|piped message to program)'
    );

-- The sender chooses what follows
create or replace temp macro is_about_message(body) as
    starts_with(body, 'sieve: ') or starts_with(body, 'imapsieve: ') or starts_with(body, 'msgid=');

-- The text before the message-id (deliver_log_format)
create or replace temp macro turned_save() as
    '^((?:saved mail to|save failed to|rejected:) .*?),? \(?msgid=(.*?)\)?$';

create or replace temp macro is_mailbox_save(body) as
    regexp_matches(
        body,
        'msgid=.*(?:: |, | )(?:(?:saved mail to|save failed to|rejected:'
        || '|Auto-submitted message discarded:|Permanently failed to send rejection:)(?: |$)'
        || '|Return-Path missing,(?: |$))'
    )
    or regexp_matches(body, turned_save())
    or regexp_matches(body, '^(?:saved mail to|save failed to|rejected:) ');

-- Of a script that could not be read, or did not run to its end
create or replace temp macro sieve_script_text() as
    '^sieve: (?:[Ff]ailed to (?:re-)?compile script |[Ff]ailed to open script '
    || '|[Ff]ailed to access (?:active |default user )'
    || '|[Ee]xecution of script |script .* failed with unsuccessful implicit keep'
    || '|Aborted script execution sequence )';

create or replace temp macro dovecot_delivery_kind(service, body) as
    case
        when is_sieve_action(body)
            then
                case
                    when service in ('imap', 'pop3', 'managesieve') then 'imap_sieve_action'
                    else 'sieve_action'
                end
        when is_mailbox_save(body) then 'mailbox_save'
        when regexp_matches(body, sieve_script_text())
            then 'sieve_script_failure'
    end;

create or replace temp macro lmtp_kind(body) as
    case
        when starts_with(body, 'Connect from ') then 'lmtp_connect'
        when starts_with(body, 'Disconnect from ') then 'lmtp_disconnect'
        when regexp_matches(body, '^(?:lmtp-server: .*: )?(?:Sent|Failed to send) message to <')
            then 'lmtp_proxied'
    end;

-- NAME(USER,ADDRESS,<SESSION>): TEXT, behind the worker's context if there is one; from 2.4 on
-- user and address stand in the prefix
create or replace temp macro is_auth_event(speaker, body) as
    speaker.username is not null
    or regexp_matches(
        body, '^(?:conn unix:auth-worker \([^)]*\): auth-worker<\d+>: )?[\w-]+\(.+\): '
    );

create or replace temp macro dovecot_event_kind(speaker, body) as
    case
        when speaker.service in ('auth', 'auth-worker')
            then
                case
                    when is_auth_event(speaker, body) then 'dovecot_auth'
                    when regexp_matches(body, '^Authentication cache |cache entries flushed$')
                        then 'dovecot_info'
                end
        when ends_with(speaker.service, '-login') then dovecot_login_kind(body)
        when speaker.service in ('lmtp', 'lda', 'deliver') then
            coalesce(
                case when is_mailbox_event(body) then 'mailbox_event' end,
                dovecot_delivery_kind(speaker.service, body),
                lmtp_kind(body)
            )
        -- Without a prefix the first word of a Sieve text looks like one
        when speaker.service = 'sieve' and is_sieve_action('sieve: ' || body) then 'sieve_action'
        when session_end_kind(speaker.service) is not null then
            case
                when starts_with(body, 'Disconnected: ') then session_end_kind(speaker.service)
                when starts_with(body, 'ID sent: ') then 'dovecot_client_id'
                when regexp_matches(body, '^(?:relay: )?(?:Successfully relayed|Failed to relay) ')
                    then 'submission_relayed'
                when is_mailbox_event(body) then 'mailbox_event'
                when is_session_end(body) and not is_about_message(body)
                    then session_end_kind(speaker.service)
                else dovecot_delivery_kind(speaker.service, body)
            end
        when is_mailbox_event(body) then 'mailbox_event'
        when speaker.service = 'master' or speaker.service is null
            then
                case
                    when regexp_matches(body, '^Dovecot v\S+ .*starting up')
                        then 'dovecot_lifecycle'
                end
        when
            speaker.service = 'stats' and (starts_with(body, '{') or starts_with(body, 'event:'))
            then 'dovecot_export'
        when
            is_userless(speaker.service)
            or regexp_matches(
                speaker.service,
                '^(?:doveadm|dsync.*|ssl-.*|ipc|old-stats|script.*|quota-status|dns-client'
                || '|imap-urlauth.*)$'
            )
            then 'dovecot_info'
    end;

-- Without a prefix that is known, an event is told by its text alone
create or replace temp macro anonymous_kind(body) as
    case
        when is_about_message(body) then dovecot_delivery_kind('lda', body)
        -- The client or the sender chooses what follows
        when starts_with(body, 'ID sent: ') then 'dovecot_client_id'
        when regexp_matches(body, turned_save()) then 'mailbox_save'
        when regexp_matches(body, ' retr=\d+/\d+, del=\d+/\d+') then 'pop3_logout'
        when regexp_matches(
            body, '(?:Disconnected|Logged out|Connection closed).* in=\d+,? out=\d+'
        ) then 'imap_logout'
        -- IMAP's or ManageSieve's: no word tells which
        when regexp_matches(body, '^(?:Disconnected|Logged out|Connection closed).* bytes=\d+/\d+$')
            then 'dovecot_info'
        else dovecot_delivery_kind('lda', body)
    end;

create or replace temp macro dovecot_kind(daemon, severity, speaker, body) as
    case
        when daemon = 'auth' or daemon = 'dovecot-auth' then
            case
                when regexp_matches(body, '^pam_\w+\(dovecot:\w+\): ') then 'pam_failure'
                else 'foreign'
            end
        when regexp_matches(body, last_repeated_text()) then 'lines_repeated'
        when severity is null then
            coalesce(
                dovecot_event_kind(speaker, body),
                case when speaker.service is null then anonymous_kind(body) end,
                'unknown'
            )
        else
            coalesce(
                case
                    when speaker.service in ('lmtp', 'lda', 'deliver')
                        then dovecot_delivery_kind(speaker.service, body)
                end,
                'dovecot_' || severity
            )
    end;

create or replace temp macro dovecot_notice_severity(kind) as
    case
        when kind in (
            'dovecot_debug', 'dovecot_warning', 'dovecot_error', 'dovecot_fatal', 'dovecot_panic'
        ) then substr(kind, 9)
        when kind = 'sieve_script_failure' then 'warning'
    end;

-- A text with who says it, in one form
create or replace temp macro spoken_text(speaker, body) as
    case
        when speaker.username is not null
            then speaker.service || '(' || speaker.username || '): ' || body
        when speaker.service is not null then speaker.service || ': ' || body
        else body
    end;
