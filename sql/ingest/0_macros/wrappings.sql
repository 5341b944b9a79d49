-- What stands around a line is taken off where something does (ingest/wrappings)

-- Stamps that the text of a line may begin with, and what a line begins with that needs no peeling
create or replace temp macro any_stamp() as
    '(?:[A-Z][a-z]{2} +\d{1,2} [0-9X]{2}:[0-9X]{2}:[0-9X]{2}(?:\.\d+)?'
    || '|\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(?:[.,]\d+)?(?:Z| ?[+-]\d{2}:?\d{2})?'
    || '|\d{4} [A-Z][a-z]{2} +\d{1,2} \d{2}:\d{2}:\d{2}(?:\.\d+)?'
    || '|@4[0-9a-f]{23})';

-- PROGRAM[PID] of Postfix or Dovecot, as syslog writes it
create or replace temp macro mail_program() as
    '(?:(?:[^\s/\[\]():<>"{}|]+/)+(?:' || postfix_daemons() || ')\[\d+\]|dovecot(?:\[\d+\])?): ';

-- PROCESS: LEVEL of Dovecot, as its own logs have it
create or replace temp macro dovecot_beginning() as
    '(?:(?:' || dovecot_services() || ')(?:\([^()]*\))?(?:<[^<>]*>)*: '
    || '(?:Debug|Info|Warning|Error|Fatal|Panic): )';

-- Without a stamp, where "auth: Error: " may be anybody's: a login process, or one that names a user
create or replace temp macro stampless_dovecot_beginning() as
    '(?:(?:imap|pop3|managesieve|submission)-login'
    || '|(?:imap|pop3|managesieve|sieve|submission|lmtp|lda|indexer-worker)\([^()]+\)(?:<[^<>]*>)*)'
    || ': (?:Debug|Info|Warning|Error|Fatal|Panic): ';

-- What a container is called that may hold a mail system
create or replace temp macro mail_container() as
    '(?i:(?:[^\s\[\]():<>]*[^\sa-z\[\]():<>])?(?:mail(?:server|cow|u)?|postfix|dovecot|smtpd?|imap'
    || '|pop3|lmtp|mta|mx\d*)(?:[^\sa-z\[\]():<>][^\s\[\]():<>]*)?)';

-- Programs that pass on what others wrote: docker names a container by its name or its id
create or replace temp macro carrier() as
    '(?:(?:docker|dockerd|conmon|podman|containerd)'
    || '(?:/(?:[0-9a-f]{12,64}|' || mail_container() || '))?|[0-9a-f]{12})';

-- Units of systemd
create or replace temp macro mail_unit() as
    '(?:postfix(?:@[^\s/\[\]:]*)?\.service|dovecot\.service)';

-- HOST PROGRAM of Postfix (with its daemon) or Dovecot; or a process of Dovecot in its own logs
create or replace temp macro plain_header() as
    '(?:[^ :]+ (?:postfix[^ /\[:]*/|dovecot[^.@])|[a-z0-9-]+(?:[(<]|: ))';

-- Lines without any wrapping: their style, told by a look at stamp and header
create or replace temp macro plain_style(line) as
    case
        when
            regexp_matches(
                line,
                '^[A-Z][a-z]{2} [ 0-9][0-9] [0-9X]{2}:[0-9X]{2}:[0-9X]{2} ' || plain_header()
            )
            then 'bsd'::style_name
        when
            regexp_matches(
                line, '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}[0-9.:Z+-]* ' || plain_header()
            )
            then 'rfc3339'::style_name
        when
            regexp_matches(
                line, '^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8}(?:\.\d+)? ' || plain_header()
            )
            then 'iso'::style_name
        when regexp_matches(line, '^@4[0-9a-f]{23} ' || plain_header()) then 'tai64n'::style_name
    end;

-- A prefix that was taught (--dovecot-prefix) may look like a wrapping
create or replace temp macro begins_as_taught(line_key, line, style) as
    coalesce(
        starts_with(taught_text(line_key, substr(line, header_start(style, line))), chr(31)), false
    );

-- Of a line that is not plain: whether something may stand around it, as the branches of peeled
-- (ingest/wrappings) begin. No line of a mail system is longer than a megabyte
create or replace temp macro is_wrapped(line) as
    strlen(line) < 1048576
    and regexp_matches(
        line,
        '^(?:\{|\[|\\x00|\\x1b\[|(?:\d{1,5} )?<\d{1,3}>|dovecot: ' || any_stamp()
        || '|\d{4}-\d{2}-\d{2}T\S+ (?:stdout|stderr) [FP]'
        || '|[A-Z][a-z]{2} (?:\d{4}-|\d |[ \d]\d \d{4} )|\d{4} [A-Z][a-z]{2} '
        || '|(?:\d{10}(?:\.\d{1,9})?|\d{13}|\d{16}(?:\d{3})?) '
        || '|\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(?:,\d|(?:\.\d+)? [+-]\d)'
        || '|[A-Za-z0-9_.@-]+ +\| '
        || '|' || any_stamp() || ' (?:' || any_stamp() || ' |<\d{1,3}>|[\w.@-]+ +\| |\{"'
        || '|(?:[^\s:]+ )?' || mail_unit() || '(?:\[[^\]]*\])?: '
        || '|[^\s:]+ ' || carrier() || '(?:\[[^\]]*\])?: (?:' || any_stamp() || ' |'
        || mail_program() || '|' || stampless_dovecot_beginning() || ')))'
    );

-- A line without what stands around it; NULL if nothing does, or if no line at hand is_wrapped
create or replace temp macro unframed(line) as null::varchar;

-- Without a stamp a header is one of Postfix or Dovecot
create or replace temp macro is_header_first(line) as
    contains(line, ']: ') and regexp_matches(line, '^(?:[^\s:]+ )?' || mail_program());

-- Whether a line of Postfix or Dovecot stands somewhere in it, or a program that may be Postfix, cut
create or replace temp macro shows_mail_system(line) as
    (contains(line, 'postfix') or contains(line, 'dovecot'))
    and (
        regexp_matches(
            line,
            '(?:^|[^\w./-])(?:postfix[\w-]*/[^\s\[\]:]+\[\d+\]|dovecot(?:\[\d+\])?'
            || '|postfix@[^\s/\[\]:]*\.service\[\d+\]): '
        )
        or (
            regexp_matches(line, '^(?:\d{1,5} )?<\d{1,3}>1 \S+ \S+ ' || cut_instance() || ' ')
            and not regexp_matches(line, '1 \S+ \S+ ' || neighbours_of_postfix())
        )
    );
