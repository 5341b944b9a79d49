-- Pieces of the patterns of wrappings

-- Stamps that the text of a line may begin with, and what a line begins with that needs no peeling
create or replace temp macro any_stamp() as
    '(?:[A-Z][a-z]{2} +\d{1,2} [0-9X]{2}:[0-9X]{2}:[0-9X]{2}(?:\.\d+)?'
    || '|\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(?:[.,]\d+)?(?:Z| ?[+-]\d{2}:?\d{2})?'
    || '|\d{4} [A-Z][a-z]{2} +\d{1,2} \d{2}:\d{2}:\d{2}(?:\.\d+)?'
    || '|@4[0-9a-f]{23})';

-- PROGRAM[PID] of Postfix or Dovecot, as syslog writes it
create or replace temp macro mail_program() as
    '(?:(?:[^\s/\[\]():<>"{}|]+/)+(?:' || postfix_daemons() || ')\[\d+\]|dovecot(?:\[\d+\])?): ';

create or replace temp macro dovecot_levels() as '(?:Debug|Info|Warning|Error|Fatal|Panic)';

-- PROCESS: LEVEL of Dovecot, as its own logs have it
create or replace temp macro dovecot_beginning() as
    '(?:[a-z][a-z0-9-]*(?:\([^()]*\))?(?:<[^<>]*>)*: ' || dovecot_levels() || ': '
    || '|' || dovecot_levels() || ': [a-z][a-z0-9-]*(?:\([^()]*\))?(?:<[^<>]*>)*: )';

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
    end;

-- Instant of microseconds, milliseconds or seconds since 1970, as a stamp
create or replace temp macro epoch_stamp(digits) as
    case
        when regexp_full_match(digits, '\d{16}')
            then strftime(make_timestamp(digits::bigint), '%Y-%m-%dT%H:%M:%S.%fZ')
        when regexp_full_match(digits, '\d{13}')
            then strftime(make_timestamp(digits::bigint * 1000), '%Y-%m-%dT%H:%M:%S.%gZ')
        when regexp_full_match(digits, '\d{10}')
            then strftime(make_timestamp(digits::bigint * 1000000), '%Y-%m-%dT%H:%M:%SZ')
        when regexp_full_match(digits, '\d{10}\.\d{1,9}')
            then strftime(
                make_timestamp(
                    substr(digits, 1, 10)::bigint * 1000000
                    + rpad(substr(digits, 12, 6), 6, '0')::bigint
                ),
                '%Y-%m-%dT%H:%M:%S.%fZ'
            )
        else digits
    end;

-- Text that was taken out of another form, as mailsql writes lines: control characters as \xNN
create or replace temp macro escaped_text(text) as
    case
        when regexp_matches(text, '[\x00-\x08\x0a-\x1f\x7f-\x{9f}]')
            then array_to_string(
                list_transform(
                    string_split(text, ''),
                    lambda letter: case
                        when letter = chr(9) then letter
                        when unicode(letter) < 32 or unicode(letter) = 127
                            then printf('\x%02x', unicode(letter))
                        when unicode(letter) between 128 and 159
                            then printf('\xc2\x%02x', unicode(letter))
                        else letter
                    end
                ),
                ''
            )
        else text
    end;

-- [104, 105]: the text of bytes; those that are no UTF-8 as \xNN
create or replace temp macro text_of_bytes(bytes) as
    coalesce(
        escaped_text(
            try(
                decode(
                    unhex(
                        array_to_string(
                            list_transform(bytes, lambda byte: printf('%02x', byte)), ''
                        )
                    )
                )
            )
        ),
        array_to_string(
            list_transform(
                bytes,
                lambda byte: case
                    when byte between 32 and 126 or byte = 9 then chr(byte)
                    else printf('\x%02x', byte)
                end
            ),
            ''
        )
    );

-- Without a stamp a header is one of Postfix or Dovecot
create or replace temp macro is_header_first(line) as
    contains(line, ']: ') and regexp_matches(line, '^(?:[^\s:]+ )?' || mail_program());

-- Whether a line of Postfix or Dovecot stands somewhere in it
create or replace temp macro shows_mail_system(line) as
    (contains(line, 'postfix') or contains(line, 'dovecot'))
    and regexp_matches(line, '(?:^|[^\w./-])(?:postfix[\w-]*/[^\s\[\]:]+\[\d+\]|dovecot(?:\[\d+\])?): ');
