-- What stands around a line is taken off where something does (ingest/wrappings)

-- Stamps that the text of a line may begin with, and what a line begins with that needs no peeling
create or replace temp macro any_stamp() as
    '(?:[A-Z][a-z]{2} +\d{1,2} [0-9X]{2}:[0-9X]{2}:[0-9X]{2}(?:\.\d+)?'
    || '|\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(?:[.,]\d+)?(?:Z| ?[+-]\d{2}:?\d{2})?'
    || '|\d{4} [A-Z][a-z]{2} +\d{1,2} \d{2}:\d{2}:\d{2}(?:\.\d+)?'
    || '|@4[0-9a-f]{23})';

-- Those that are read as they stand
create or replace temp macro usual_stamp() as
    '(?:[A-Z][a-z]{2} [ 0-9][0-9] [0-9X]{2}:[0-9X]{2}:[0-9X]{2}(?:\.\d+)?'
    || '|\d{4}-\d{2}-\d{2}(?:T[0-9:]{8}(?:\.\d+)?(?:Z|[+-]\d{2}:?\d{2})?| [0-9:]{8}(?:\.\d+)?)'
    || '|@4[0-9a-f]{23})';

-- PROGRAM[PID] of Postfix or Dovecot, as syslog writes it
create or replace temp macro mail_program() as
    '(?:(?:[^\s/\[\]():<>"{}|]+/)+(?:' || postfix_daemons() || ')\[\d+\]|dovecot(?:\[\d+\])?): ';

-- PROCESS: LEVEL of Dovecot, as its own logs have it, or LEVEL: PROCESS
create or replace temp macro dovecot_beginning() as
    '(?:(?:' || dovecot_services() || ')(?:\([^()]*\))?(?:<[^<>]*>)*: '
    || '(?:Debug|Info|Warning|Error|Fatal|Panic): '
    || '|(?:Debug|Info|Warning|Error|Fatal|Panic): '
    || '(?:' || dovecot_services() || ')(?:\([^()]*\))?(?:<[^<>]*>)*: )';

-- Programs that pass on what others wrote; docker names a container, too, by its id
create or replace temp macro carrier() as
    '(?:(?:docker|dockerd|conmon|podman|containerd)(?:/[^\s\[\]():<>]*)?|[0-9a-f]{12})';

-- Units of systemd, and Postfix where a receiver has cut it at the slash
create or replace temp macro unit_or_postfix() as
    '(?:postfix(?:(?:@[^\s/\[\]:]*)?\.service)?|dovecot\.service)';

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

-- Of a line that is not plain: whether something may stand around it. Not, if another program wrote it
-- that passes nothing on; no line of a mail system is longer than a megabyte
create or replace temp macro is_wrapped(line) as
    strlen(line) < 1048576
    and (
        not regexp_matches(
            line,
            '^(?:-- |' || any_stamp()
            || ' (?:[^ :]+ )?(?:[^\s\[\]():<>{"]+(?:\[[^\]]*\])?: |last message repeated ))'
        )
        or regexp_matches(
            line,
            '^' || any_stamp() || ' (?:[^ :]+ )?(?:' || unit_or_postfix() || '(?:\[[^\]]*\])?: '
            || '|' || carrier() || '(?:\[[^\]]*\])?: (?:'
            || any_stamp() || ' |' || mail_program() || '|' || dovecot_beginning() || '))'
        )
        -- A zone stands apart
        or not regexp_matches(line, '^(?:-- |' || usual_stamp() || ' (?:[^+-]|-[^0-9]))')
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
