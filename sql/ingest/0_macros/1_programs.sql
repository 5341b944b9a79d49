-- Programs as headers name them, and whose they are
create or replace temp macro postfix_daemons() as
    'anvil|bounce|cleanup|discard|dnsblog|error|flush|lmtp|local|master|nbdb_reindexd|oqmgr|nqmgr|'
    || 'pickup|pipe|postlogd|postscreen|proxymap|qmgr|qmqpd|scache|showq|smtp|smtpd|spawn|tlsmgr|'
    || 'tlsproxy|trivial-rewrite|verify|virtual|postalias|postdrop|postfix-script|'
    || 'postfix-tls-script|postlog|postmap|postmulti|postmulti-script|postqueue|postsuper|sendmail';

-- A program without a daemon's name: an instance, and no policy server
create or replace temp macro is_postfix_instance(program) as
    regexp_full_match(program, 'postfix(?:-[\w-]+)?')
    and not regexp_matches(
        program, '^postfix-(?:exporter|gld|logwatch|mta-sts|polic|spf|srs|tlspol)'
    );

create or replace temp macro program_instance(program) as split_part(program, '/', 1);

create or replace temp macro program_service(program) as
    nullif(regexp_extract(program, '^[^/]+/(.*)/[^/]+$', 1), '');

create or replace temp macro program_daemon(program) as regexp_extract(program, '[^/]*$');

-- Those of Courier, Cyrus, Exim and sendmail have daemons of the same names
create or replace temp macro program_family(program) as
    case
        when starts_with(program, 'dovecot') or program in ('deliver', 'auth') then 'dovecot'
        when is_postfix_instance(program) then 'postfix'
        when
            regexp_full_match(program, '\S+/(?:' || postfix_daemons() || ')')
            and not regexp_matches(program, '^(?:courier|cyrus|exim|sendmail|sm-mta)')
            then 'postfix'
        else 'other'
    end;

create or replace temp macro is_mail_program(program) as
    program <> '' and program_family(program) <> 'other';

-- Masked, or left out
create or replace temp macro named_host(host, default_host) as
    case
        when host in ('', '-') then default_host
        when host <> '***' then host
    end;
