-- Programs as headers name them, and whose they are
create or replace temp macro postfix_daemons() as
    'anvil|bounce|cleanup|discard|dnsblog|error|flush|lmtp|local|master|nbdb_reindexd|oqmgr|nqmgr|'
    || 'pickup|pipe|postlogd|postscreen|proxymap|qmgr|qmqpd|scache|showq|smtp|smtpd|spawn|tlsmgr|'
    || 'tlsproxy|trivial-rewrite|verify|virtual|postalias|postdrop|postfix-script|'
    || 'postfix-tls-script|postlog|postmap|postmulti|postmulti-script|postqueue|postsuper|sendmail';

-- Where RFC 5424 cuts a program at its slash: an instance of Postfix, and no neighbour of its
create or replace temp macro cut_instance() as 'postfix(?:-[\w-]+)?';

create or replace temp macro neighbours_of_postfix() as
    'postfix-(?:exporter|gld|grey|logwatch|mta-sts|polic|quota|rate|spf|sql|srs|tlspol)';

-- MailScanner works in the queue of Postfix: its lines are told in one order with those of Postfix, and
-- are otherwise another program's
create or replace temp macro is_queue_scanner(program) as program = 'MailScanner';

-- What writes logs says that it left lines out
-- rsyslogd-2177: imuxsock lost 56 messages from pid 2918 due to rate-limiting
-- rsyslogd: imuxsock[pid: 57, name: /usr/sbin/x] from <mx1:x>: begin to drop messages due to rate-limiting
-- systemd-journald[321]: Suppressed 917 messages from postfix@-.service
create or replace temp macro tells_of_losses(daemon, body) as
    regexp_full_match(daemon, 'rsyslogd(?:-\d+)?|systemd-journald?')
    and regexp_matches(
        body,
        '^(?:im[a-z]+(?:\[[^\]]*\])?(?: from <[^>]*>)?:? '
        || '(?:begins? to drop messages|lost \d+ messages|\d+ messages lost) '
        || '|Suppressed \d+ messages from |Missed \d+ kernel messages)'
    );

create or replace temp macro program_instance(program) as
    case when is_queue_scanner(program) then 'postfix' else split_part(program, '/', 1) end;

create or replace temp macro program_service(program) as
    nullif(regexp_extract(program, '^[^/]+/(.*)/[^/]+$', 1), '');

create or replace temp macro program_daemon(program) as regexp_extract(program, '[^/]*$');

-- Courier, Cyrus, Exim and sendmail have daemons of the same names, and so may containers be called
create or replace temp macro program_family(program) as
    case
        when starts_with(program, 'dovecot') or program in ('deliver', 'auth') then 'dovecot'
        when program = 'postfix' or is_queue_scanner(program) then 'postfix'
        when
            regexp_full_match(program, '\S+/(?:' || postfix_daemons() || ')')
            and not regexp_matches(
                program, '^(?:courier|cyrus|exim|sendmail|sm-mta|(?:docker|podman)/)'
            )
            then 'postfix'
        else 'other'
    end;

create or replace temp macro is_mail_program(program) as
    program <> '' and program_family(program) <> 'other';

-- Programs that are known to quote what strangers and other programs wrote, and to pass nothing on
create or replace temp macro quotes_others(daemon) as
    regexp_full_match(
        daemon,
        'sshd(?:-session)?|sudo|su|login|cron|CRON|crond|kernel|systemd(?:-\w+)?|logger|fail2ban.*'
        || '|amavis\w*|amavisd-\w+|rspamd\w*|rmilter|spamd|spamass-milter|clam\w+(?:-milter)?'
        || '|open(?:dkim|dmarc|arc)|postgrey|sqlgrey|milter-\w+|pyspf-milter|policyd-(?:spf|weight)'
        || '|policy-spf|postfwd\d?|mimedefang\w*'
        || '|named|unbound|nginx|apache2|httpd|haproxy|roundcube|php.*'
    );

-- Masked, or left out
create or replace temp macro named_host(host, default_host) as
    case
        when host in ('', '-') then default_host
        when host <> '***' then host
    end;
