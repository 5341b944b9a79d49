-- How the head of one of Dovecot's lines is read: who speaks, how severe it is
create or replace temp macro dovecot_services() as
    '(?:imap|pop3|managesieve|sieve|submission|lmtp|imap-urlauth|script)(?:-login)?'
    || '|lda|imap-hibernate|imap-urlauth-worker|auth|auth-worker|master|anvil|config|stats'
    || '|old-stats|log|dict|director|indexer|indexer-worker|doveadm|quota-status|replicator'
    || '|aggregator|ssl-params|ssl-build-param|ipc|dns-client|health-check'
    || '|dsync|dsync-local|dsync-remote|dsync-server|deliver|IMAP|POP3|MANAGESIEVE';

create or replace temp macro is_dovecot_service(word) as
    regexp_full_match(word, dovecot_services());

-- Processes that serve no user write their own number where others write the user's name
create or replace temp macro is_userless(service) as
    regexp_full_match(
        service,
        'auth|auth-worker|log|dict|anvil|config|stats|master|lmtp|indexer|indexer-worker|director'
        || '|replicator|aggregator'
    );

create or replace temp macro dovecot_level(text) as
    case
        when contains(substr(text, 1, 9), ': ')
            then regexp_extract(text, '^(Debug|Info|Warn|Warning|Error|Fatal|Panic): ', 1)
        when text is not null then ''
    end;

create or replace temp macro dovecot_severity(level) as
    case level
        when 'Warn' then 'warning'
        when 'Info' then null
        else lower(level)
    end;

-- What stands before the first colon of a line that has no host
create or replace temp macro is_dovecot_head(head) as
    is_dovecot_service(regexp_extract(head, '^([A-Za-z0-9-]+)(?:\(.*\))?(?:<[^<>]*>)*$', 1))
    or dovecot_level(head || ': ') <> ''
    or starts_with(head, 'service=');

-- SERVICE(USER)<PID><SESSION>: with any of the brackets
create or replace temp macro usual_prefix() as
    '^([A-Za-z0-9-]+)(?:\(([^()]*)\))?(?:<([^<>\s]*)>(?:<([^<>\s]*)>)?)?: ';

create or replace temp macro usual_parts(sentence) as
    case
        when is_dovecot_service(split_part(sentence, ': ', 1))
            then {
                'service': split_part(sentence, ': ', 1),
                'username': '',
                'first': '',
                'second': ''
            }
        else regexp_extract(
            sentence, usual_prefix(), ['service', 'username', 'first', 'second']
        )
    end;

create or replace temp macro dovecot_sentence(text) as
    case when starts_with(text, 'dovecot: ') then substr(text, 10) else text end;

-- The parts of a prefix, as text, and its length
create or replace temp macro prefix_of(service, username, first, second, client_ip, length) as
    {
        'service': service,
        'username': username,
        'first': first,
        'second': second,
        'client_ip': client_ip,
        'length': length
    };

create or replace temp macro found_length(found) as
    length(found.service) + length(found.username) + length(found.first) + length(found.second);

-- Brackets around what was found stand directly before the colon. What is given once is asked once
create or replace temp macro plain_prefix(sentence, given) as
    list_transform(
        [given],
        lambda found: prefix_of(
            found.service,
            found.username,
            found.first,
            found.second,
            '',
            found_length(found) + strpos(substr(sentence, found_length(found) + 1), ': ') + 1
        )
    )[1];

-- service=SERVICE, user=USER, ip=[ADDRESS].
create or replace temp macro named_prefix(given) as
    list_transform(
        [given],
        lambda found: prefix_of(
            found.service,
            found.username,
            '',
            '',
            found.client_ip,
            case
                when found.service <> ''
                    then length(found.service || found.username || found.client_ip) + 24
                else 0
            end
        )
    )[1];

-- Prefixes that were taught (--dovecot-prefix), by stream: from which line on they hold, in order
create or replace temp macro has_prefixes() as cardinality(getvariable('dovecot_prefixes')) > 0;

create or replace temp macro prefix_in_force(line_key) as
    list_filter(
        getvariable('dovecot_prefixes')[(line_key >> 32)::integer],
        lambda prefix: prefix.first_line_no <= (line_key & 4294967295)
    )[-1];

-- Found, its parts stand between separators: service, user, process, session, address
create or replace temp macro taught_text(line_key, text) as
    coalesce(
        regexp_replace(text, prefix_in_force(line_key).pattern, prefix_in_force(line_key).rewrite),
        text
    );

create or replace temp macro taught_prefix(sentence) as
    prefix_of(
        split_part(sentence, chr(31), 2),
        split_part(sentence, chr(31), 3),
        split_part(sentence, chr(31), 4),
        split_part(sentence, chr(31), 5),
        split_part(sentence, chr(31), 6),
        length(regexp_extract(sentence, '^(?:\x1f[^\x1f]*){5}\x1f'))
    );

-- The auth process may log, last of all, what a client gave as its password; both it and the user's
-- name may hold anything
create or replace temp macro given_password() as ' \((?:SHA1 of )?given password:(?: |$)';

create or replace temp macro before_password(text) as
    regexp_extract(text, '^(.*?)' || given_password(), 1);

create or replace temp macro since_password(text) as
    substr(text, length(before_password(text)) + 1);

-- Whether such words stand behind the brackets around the user, in the name, or it is not said: ends
-- are the ends of such brackets, with what only the server writes before them
create or replace temp macro password_place(text, ends) as
    case
        when not regexp_matches(text, given_password()) then 'name'
        when not regexp_matches(since_password(text), ends) then 'text'
        -- What the server repeats of a password ends in a bracket
        when not ends_with(text, ')') then 'name'
        when
            not contains(before_password(text), ')')
            and len(regexp_extract_all(since_password(text), ends)) = 1
            then 'name'
    end;

create or replace temp macro auth_prefix(sentence) as
    regexp_extract(
        sentence,
        '^(auth|auth-worker)\((.*)\)(?:<([^<>\s]*)>(?:<([^<>\s]*)>)?)?: ',
        ['service', 'username', 'first', 'second']
    );

-- The prefix of a line of the auth process that names a user
create or replace temp macro auth_parts(sentence) as
    case
        when not regexp_matches(sentence, '^auth(?:-worker)?\(') then null
        when not contains(sentence, 'given password: ') then auth_prefix(sentence)
        else
            case password_place(
                sentence, '(?:,[0-9A-Fa-f.:]+|,sasl:[\w-]+)\)(?:<[^<>\s]*>)*: '
            )
                when 'text' then auth_prefix(before_password(sentence))
                when 'name' then auth_prefix(sentence)
                else {
                    'service': split_part(sentence, '(', 1),
                    'username': '?',
                    'first': '',
                    'second': ''
                }
            end
    end;

-- Which of the forms of mail_log_prefix it is; a user's name may hold anything. Of a session it is
-- the name of somebody who logged in; of the auth process (2.4) whatever was tried, so that the last
-- end of a prefix counts there
create or replace temp macro dovecot_prefix(sentence, usual, is_usual, auth) as
    case
        when starts_with(sentence, chr(31)) then taught_prefix(sentence)
        when
            is_usual
            and not (
                usual.service in ('auth', 'auth-worker')
                and usual.username <> 'default'
                and not regexp_full_match(usual.username, '\d*')
            ) then plain_prefix(sentence, usual)
        when
            is_usual
            and regexp_matches(
                sentence,
                '^auth(?:-worker)?\(\?[^()]*\)(?:<[^<>\s]*>)*: [\w-]+: '
                || 'Username character disallowed .*\)$'
            )
            then plain_prefix(sentence, usual)
        when auth is not null then plain_prefix(sentence, auth)
        when starts_with(sentence, 'service=') then
            named_prefix(
                regexp_extract(
                    sentence,
                    '^service=([^,]*), user=(.*?), ip=\[([^\]]*)\]\. ',
                    ['service', 'username', 'client_ip']
                )
            )
        when is_dovecot_service(regexp_extract(sentence, '^([A-Za-z0-9-]+)\(', 1)) then
            plain_prefix(
                sentence,
                regexp_extract(
                    sentence,
                    '^([A-Za-z0-9-]+)\((.*?)\)(?:<([^<>\s]*)>(?:<([^<>\s]*)>)?)?: ',
                    ['service', 'username', 'first', 'second']
                )
            )
    end;

create or replace temp macro speaker_of(service, username, pid, session_id, client_ip) as
    {
        'service': nullif(service, ''),
        'username': nullif(username, ''),
        'pid': try_cast(pid as integer),
        'session_id': nullif(session_id, ''),
        'client_ip': plain_ip(client_ip)
    };

-- lmtp(5151, alice), imap(pid 4712 user alice)
create or replace temp macro numbered_user(prefix) as
    case
        when starts_with(prefix.username, 'pid ') then
            regexp_extract(prefix.username, '^pid (\d+) user (.*)$', ['pid', 'username'])
        when prefix.service = 'lmtp' and contains(prefix.username, ', ') then
            regexp_extract(prefix.username, '^(\d+), (.*)$', ['pid', 'username'])
    end;

-- A prefix understood: also lmtp(5151), pop3(alice)<4711>
create or replace temp macro dovecot_speaker(prefix, numbered) as
    speaker_of(
        lower(prefix.service),
        case
            when numbered.username <> '' then numbered.username
            when
                is_userless(prefix.service)
                and (
                    prefix.username = 'default' or regexp_full_match(prefix.username, '\d+')
                ) then ''
            else prefix.username
        end,
        case
            when numbered.pid <> '' then numbered.pid
            when prefix.first <> '' then prefix.first
            when is_userless(prefix.service) then regexp_extract(prefix.username, '^\d+$')
        end,
        case
            when prefix.second <> '' then prefix.second
            when prefix.first <> '' and try_cast(prefix.first as bigint) is null then prefix.first
        end,
        prefix.client_ip
    );

-- A speaker as text, as lines are kept with it
create or replace temp macro packed_speaker(speaker) as
    concat_ws(
        chr(31),
        coalesce(speaker.service, ''),
        coalesce(speaker.username, ''),
        coalesce(speaker.pid::varchar, ''),
        coalesce(speaker.session_id, ''),
        coalesce(speaker.client_ip, '')
    );

create or replace temp macro unpacked_speaker(packed) as
    {
        'service': nullif(split_part(packed, chr(31), 1), ''),
        'username': nullif(split_part(packed, chr(31), 2), ''),
        'pid': try_cast(split_part(packed, chr(31), 3) as integer),
        'session_id': nullif(split_part(packed, chr(31), 4), ''),
        'client_ip': nullif(split_part(packed, chr(31), 5), '')
    };
