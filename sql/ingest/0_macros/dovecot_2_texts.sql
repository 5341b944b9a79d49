-- Shared pieces of what Dovecot's lines say

-- The number behind a key of a list in any order; NULL where it is no number
create or replace temp macro counter(counters, key) as
    count_of(regexp_extract(counters, '[ ,]' || key || '=(\d+)(?:[, )+]|$)', 1));

-- One number of a pair a/b behind a key
create or replace temp macro counter_pair(counters, key) as
    regexp_extract(counters, '[ ,]' || key || '=(\d+)/(\d+)(?:[, ]|$)', ['first', 'second']);

-- The protocol that a service of Dovecot speaks
create or replace temp macro spoken_protocol(service) as
    case
        when service in ('managesieve', 'managesieve-login', 'sieve-login') then 'sieve'
        when ends_with(service, '-login') then substr(service, 1, length(service) - 6)
        when service = 'imap-hibernate' then 'imap'
        else service
    end;

-- Why a connection ended without a login, in a few words
create or replace temp macro login_failure(text) as
    case
        when regexp_matches(
            text, '^(?:Disconnected: )?Maximum number of connections|connection limit reached'
        ) then 'connection limit'
        when regexp_matches(text, 'Client refused|Client not trusted|during lookup')
            then 'address refused'
        when regexp_matches(text, '(?:disabled|disallowed) (?:plain|clear)text auth')
            then 'plaintext refused'
        when regexp_matches(text, 'SSL_accept\(\)|TLS handshak') then 'TLS handshake failed'
        when regexp_matches(
            text, 'client sent an invalid cert|client didn''t send a cert|cert required'
            || '|client_ssl_'
        ) then 'certificate refused'
        when contains(text, 'no auth attempts') then 'no attempts'
        when regexp_matches(
            text, 'didn''t finish SASL auth|disconnected while (?:authenticating|finishing login)'
            || '|aborted authentication|auth_aborted_by_client|Timeout while finishing login'
        ) then 'login unfinished'
        when contains(text, 'user disabled') then 'user disabled'
        when contains(text, 'password expired') then 'password expired'
        when contains(text, 'login disabled') then 'login disabled'
        when contains(text, 'authorization failed') then 'not authorized'
        when regexp_matches(text, 'unsupported auth mechanism|invalid_mech|anonymous_auth_disabled')
            then 'mechanism refused'
        when regexp_matches(text, 'proxy dest|^proxy\(') then 'proxy failure'
        when regexp_matches(
            text, 'nternal (?:login )?failure|auth process|auth service|before auth was ready'
            || '|before greeting|Auth process broken|process_full|can''t do APOP'
        ) then 'server failure'
        when regexp_matches(text, 'auth failed|authentication attempts|invalid_credentials')
            then 'authentication failed'
        when regexp_matches(text, '[Ss]hutting down|shutting_down') then 'server shutdown'
        else 'aborted'
    end;

-- How a session of a user ended, in a few words
create or replace temp macro session_end_reason(text) as
    case
        when regexp_matches(text, '^(?:Logged out|Client has quit|Successful quit)')
            then 'logged out'
        when regexp_matches(text, '[Ii]nactivity|^Client has not read server output')
            then 'inactivity'
        when regexp_matches(text, '[Kk]icked') then 'kicked'
        when regexp_matches(text, '[Ss]hutting down') then 'server shutdown'
        when regexp_matches(
            text, '^(?:Connection closed|Disconnected|Remote closed connection|EOF|disconnecting)'
        ) then 'connection closed'
        when text <> '' then 'error'
    end;

-- What the auth process says of a user, in a few words
create or replace temp macro auth_outcome(text) as
    case
        when starts_with(text, 'Username character disallowed') then 'bad user name'
        when regexp_matches(text, '^(?:Plain|Clear)text authentication (?:disabled|disallowed)')
            then 'plaintext refused'
        when regexp_matches(text, '^Unsupported (?:authentication|auth) mechanism')
            then 'mechanism refused'
        when
            regexp_matches(
                text, '^(?:[Uu]nknown user|user unknown)|^pam_\w+\(\) failed: User not known'
            )
            then 'unknown user'
        when starts_with(text, 'pam_acct_mgmt() failed: ') then 'not allowed'
        when starts_with(text, 'Master user logging in as ') then 'master user'
        when regexp_matches(text, '[Pp]olicy (?:server refusal|check action is drop)')
            then 'refused by policy'
        when regexp_matches(text, '^Policy check action') then 'policy'
        when regexp_matches(
            text, '[Pp]assword mismatch|^[Ii]nvalid credentials|[Aa]uthentication failure'
            || '|empty password|illegal chars|^Login failed \(status='
        ) then 'wrong password'
        when regexp_matches(text, 'allow_nets check failed|deny passdb') then 'not allowed'
        when contains(text, 'timed out waiting for client') then 'login unfinished'
        else 'other'
    end;

-- What Dovecot says of a message that it saves, without Sieve
create or replace temp macro save_verbs() as
    'saved mail to|save failed to open mailbox|save failed to|rejected:'
    || '|Return-Path missing, rejection reason:|Auto-submitted message discarded:'
    || '|Permanently failed to send rejection:';

-- The brackets around a user that the auth process speaks of end in what only the server writes
create or replace temp macro end_of_user() as '(?:,[0-9A-Fa-f.:]+,?|,<[^<>]*>)\): ';

-- Verbs end in a blank, as they do where nothing is missing behind them
-- sieve: msgid=<m8@example.org>: fileinto action: stored mail into mailbox 'Lists', of some verbs.
-- Where a message-id or a mailbox holds such a verb, which is which is not said
create or replace temp macro sieve_parts(body, verbs) as
    case
        when regexp_matches(body || ' ', ': (?:' || verbs || ').*: (?:' || verbs || ')')
            then {
                'head': null,
                'verb': case
                    when
                        regexp_extract(body, '^.*?: (' || verbs || ')', 1)
                        = regexp_extract(body, '^.*: (' || verbs || ')', 1)
                        then regexp_extract(body, ': (' || verbs || ')', 1)
                end,
                'tail': null
            }
        else regexp_extract(
            body || ' ',
            '^(?:sieve: |imapsieve: .*?)?msgid=(.*): (' || verbs || ')(.*?) ?$',
            ['head', 'verb', 'tail']
        )
    end;

-- The text before the message-id (deliver_log_format)
create or replace temp macro turned_save() as
    '^((?:saved mail to|save failed to|rejected:) .*?),? \(?msgid=(.*?)\)?$';

-- How grave a notice of Dovecot is; NULL where its kind does not tell
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
