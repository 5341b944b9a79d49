-- How the head of a line is read: stamp, host, program
create or replace temp macro without_priority(line) as
    case
        when starts_with(line, '<') and regexp_matches(line, '^<\d{1,3}>1 \S+ \S+ \S+ \S+ \S+ ')
            then regexp_replace(
                line,
                '^<\d{1,3}>1 (\S+) (\S+) (\S+) (\S+) \S+ (?:-|(?:\[(?:[^\]\\]|\\.)*\])+) ?',
                '\1 \2 \3[\4]: '
            )
        when starts_with(line, '<') then regexp_replace(line, '^<\d{1,3}>', '')
        else line
    end;

create or replace temp macro stamp_style(line) as
    case
        when regexp_matches(line, '^[A-Z][a-z]{2} [ 0-9][0-9] [0-9X]{2}:[0-9X]{2}:[0-9X]{2} ')
            then 'bsd'::style_name
        when regexp_matches(line, '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}')
            then 'rfc3339'::style_name
        when regexp_matches(line, '^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8}[. ]')
            then 'iso'::style_name
    end;

create or replace temp macro month_number(name) as
    (strpos('JanFebMarAprMayJunJulAugSepOctNovDec', name) + 2) // 3;

create or replace temp macro program_instance(program) as split_part(program, '/', 1);

create or replace temp macro program_service(program) as
    nullif(regexp_extract(program, '^[^/]+/(.*)/[^/]+$', 1), '');

create or replace temp macro program_daemon(program) as regexp_extract(program, '[^/]*$');

create or replace temp macro program_family(program) as
    case
        when starts_with(program, 'dovecot') then 'dovecot'
        when program = 'postfix' then 'postfix'
        when contains(program, '/') and program_daemon(program) in (
            'anvil', 'bounce', 'cleanup', 'discard', 'dnsblog', 'error', 'flush', 'lmtp', 'local',
            'master', 'nbdb_reindexd', 'oqmgr', 'nqmgr', 'pickup', 'pipe', 'postlogd', 'postscreen',
            'proxymap', 'qmgr', 'qmqpd', 'scache', 'showq', 'smtp', 'smtpd', 'spawn', 'tlsmgr',
            'tlsproxy', 'trivial-rewrite', 'verify', 'virtual', 'postalias', 'postdrop',
            'postfix-script', 'postfix-tls-script', 'postlog', 'postmap', 'postmulti',
            'postmulti-script', 'postqueue', 'postsuper', 'sendmail'
        ) then 'postfix'
        else 'other'
    end;

create or replace temp macro is_dovecot_service(word) as
    regexp_full_match(
        word,
        '(?:(?:imap|pop3|managesieve|submission|imap-urlauth)-login|imap|pop3|lmtp|lda|sieve'
        || '|managesieve|submission|imap-hibernate|imap-urlauth|auth|auth-worker|master|anvil'
        || '|config|stats|log|dict|director|indexer|indexer-worker|doveadm|script-login'
        || '|quota-status|replicator|aggregator|ssl-params|ipc)(?:\(.*\))?(?:<[^<>]*>)*'
    );
