-- What a line tells, whichever log it stands in: lines of several logs that tell the same are copies

-- How many digits of a second a stamp has: none, 3 or 6
create or replace temp macro stamp_digits(line) as
    case
        when starts_with(line, '@4') then 6
        else 3 * (
            greatest(
                2,
                length(
                    regexp_extract(
                        substr(line, 1, 40),
                        '^(?:\d{4}-\S+[T ]|[A-Z][a-z]{2} [ 0-9][0-9] )[0-9:]{8}\.(\d+)', 1
                    )
                )
            ) // 3
        )::integer
    end;

-- The text behind stamp, host and program; of a line that names no program, all behind its stamp
create or replace temp macro headless_text(line, program) as
    case
        -- Dovecot's own logs have no header
        when program is not null and program not in ('dovecot', 'deliver')
            then substr(line, strpos(line, ': ') + 2)
        else regexp_replace(
            line,
            '^(?:[A-Z][a-z]{2} [ 0-9][0-9] [0-9X:]{8}(?:\.\d+)? '
            || '|[0-9]{4}-[0-9]{2}-[0-9]{2}(?:T\S+| [0-9:.]{8,}) |@4[0-9a-f]{23} )'
            || '(?:(?:[^\s:]|:\S)* +[^\s\[\]():<>]+(?:\[[^\]]*\])?: '
            -- Of a log without hosts
            || '|dovecot(?:\[[^\]]*\])?: )?',
            ''
        )
    end;

-- Dovecot's own logs name a level that syslog leaves out
create or replace temp macro unlevelled(text) as
    case
        when contains(text, ': Info: ') and strpos(text, ': ') = strpos(text, ': Info: ')
            then substr(text, 1, strpos(text, ': ')) || substr(text, strpos(text, ': ') + 7)
        else text
    end;

-- Receivers write tabs as #011, and some leave blanks at the end out
create or replace temp macro plain_text(text) as
    trimmed(case when contains(text, '#011') then replace(text, '#011', chr(9)) else text end);

-- What a line says, however it was written
create or replace temp macro said_text(line, program) as
    plain_text(unlevelled(headless_text(line, program)));

-- What was said, and how many times: a receiver sums lines up that come again
create or replace temp macro said_once(text) as
    case
        when starts_with(text, 'message repeated ')
            then trimmed(regexp_replace(text, repeated_text(), '\3'))
        else text
    end;

create or replace temp macro times_said(text) as
    case
        when starts_with(text, 'message repeated ')
            then coalesce(try_cast(regexp_extract(text, repeated_text(), 1) as integer), 1)
        else 1
    end;

-- The rotation that a stream is a part of when it has grown under a name: that of the name, unless
-- this begins as the other does, like mail-20260203.log or old/mail.log.1 for mail.log
create or replace temp macro rotation_now(rotation, grown_under) as
    case
        when starts_with(
            parse_filename(grown_under), regexp_extract(parse_filename(rotation), '^[^.]*')
        ) then rotation
        else coalesce(grown_under, rotation)
    end;
