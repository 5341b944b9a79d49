-- What may stand around a line, layer by layer: each branch takes one layer off and shows what it
-- looks like. What stands inside keeps its stamp and host; where it has none, it gets those outside

-- {"__REALTIME_TIMESTAMP":"1752490800123456","_HOSTNAME":"mx1","SYSLOG_IDENTIFIER":"postfix/qmgr",
-- "SYSLOG_PID":"812","MESSAGE":"4T8Zh133D8zGpCM: removed"}     (journalctl -o json)
-- {"log":"Feb 27 09:02:37 mail postfix/qmgr[90]: 5E31727A35D: removed\n","stream":"stdout",
-- "time":"2026-02-27T09:02:37.669794202Z"}                     (docker)
-- and what fluent-bit, rsyslog, syslog-ng and Vector make of them
create or replace temp macro json_fields(json) as
    json_extract_string(
        json,
        [
            '$.MESSAGE', '$.log', '$.message', '$.msg',
            '$._SOURCE_REALTIME_TIMESTAMP', '$.__REALTIME_TIMESTAMP', '$.time', '$."@timestamp"',
            '$.timestamp', '$.ISODATE', '$.DATE',
            '$._HOSTNAME', '$.hostname', '$.host', '$.HOST',
            '$.SYSLOG_IDENTIFIER', '$.program', '$.appname', '$.PROGRAM', '$._COMM',
            '$.SYSLOG_PID', '$._PID', '$.procid', '$.PID'
        ]
    );

-- A byte that is no UTF-8 (\xNN) would be no JSON
create or replace temp macro json_of(line) as
    case
        when contains(line, '\x')
            then regexp_replace(line, '(^|[^\\])((?:\\\\)*)\\x', '\1\2\\\\x', 'g')
        else line
    end;

create or replace temp macro one_word(name) as
    regexp_replace(name, '[\s\x00-\x1f\x7f-\x{9f}:\[\]()<>]+', '_', 'g');

create or replace temp macro one_stamp(stamp) as
    regexp_replace(stamp, '[^A-Za-z0-9:.,+@ -]+', '_', 'g');

-- STAMP HOST PROGRAM[PID]: TEXT of what is there; NULL where nothing was said
create or replace temp macro line_of(told) as
    case when told.stamp = '' then '' else one_stamp(told.stamp) || ' ' end
    || case
        when told.program = '' then ''
        else case when told.host = '' then '-' else one_word(told.host) end
            || ' ' || one_word(told.program)
            || case when told.pid = '' then '' else '[' || one_word(told.pid) || ']' end
            || ': '
    end
    || told.text;

create or replace temp macro message_text(json, fields) as
    case
        when json_type(json, '$.MESSAGE') = 'ARRAY'
            then coalesce(
                list_transform(
                    [try_cast(json_extract(json, '$.MESSAGE') as utinyint[])],
                    lambda bytes: text_of_bytes(bytes)
                )[1],
                list_transform(
                    [json_extract_string(json, '$.MESSAGE[0]')], lambda text: escaped_text(text)
                )[1]
            )
        -- journalctl leaves long ones out
        when json_type(json, '$.MESSAGE') = 'NULL' then ''
        else list_transform(
            [rtrim(coalesce(fields[1], fields[2], fields[3], fields[4]), e'\r\n')],
            lambda text: escaped_text(text)
        )[1]
    end;

create or replace temp macro wrapped_line(json, fields) as
    list_transform(
        [
            {
                'stamp': list_transform(
                    [coalesce(
                        fields[5], fields[6], fields[7], fields[8], fields[9], fields[10],
                        fields[11], ''
                    )],
                    lambda digits: epoch_stamp(digits)
                )[1],
                'host': coalesce(fields[12], fields[13], fields[14], fields[15], ''),
                'program': coalesce(
                    fields[16], fields[17], fields[18], fields[19], fields[20], ''
                ),
                'pid': coalesce(fields[21], fields[22], fields[23], fields[24], ''),
                'text': message_text(json, fields)
            }
        ],
        lambda told: line_of(told)
    )[1];

create or replace temp macro json_line(line) as
    list_transform(
        [json_of(line)],
        lambda json: case
            when json_valid(json)
                then list_transform(
                    [json_fields(json)], lambda fields: wrapped_line(json, fields)
                )[1]
        end
    )[1];

create or replace temp macro dated_line(line, parts) as
    case
        when month_number(parts.month) > 0
            then parts.year || '-' || lpad(month_number(parts.month)::varchar, 2, '0') || '-'
            || lpad(parts.day, 2, '0') || 'T' || parts.time || parts.rest
        else line
    end;

-- Inside a stamp with a year one without has that year, or its neighbour at New Year
create or replace temp macro year_beside(outer_month, month) as
    split_part(outer_month, '-', 1)::integer
    + case split_part(outer_month, '-', 2)::integer - month
        when -11 then -1
        when 11 then 1
        else 0
    end;

create or replace temp macro with_year_of(outer_stamp, line) as
    case
        when
            regexp_matches(outer_stamp, '^\d{4}-\d{2}-')
            and regexp_matches(line, '^[A-Z][a-z]{2} +\d{1,2} \d{2}:\d{2}:\d{2}')
            and month_number(substr(line, 1, 3)) > 0
            then year_beside(outer_stamp, month_number(substr(line, 1, 3)))
            || regexp_replace(line, '^(\w{3}) +', ' \1 ')
        else line
    end;

-- postfix@postfix-out.service is the instance postfix-out, postfix@-.service the first one
create or replace temp macro postfix_instance_rest(rest) as
    case
        when rest in ('.service', '@-.service') then ''
        when starts_with(rest, '@postfix') and ends_with(rest, '.service')
            then substr(rest, 9, length(rest) - 16)
        else rest
    end;

-- Of a unit of systemd or a cut program the daemon, if the text tells it
create or replace temp macro named_line(line, parts, told) as
    case
        when parts.system = 'dovecot' and ends_with(parts.rest, '.service')
            then parts.head || 'dovecot' || parts.pid || ': ' || parts.text
        when
            parts.system = 'postfix'
            and is_postfix_instance('postfix' || told.instance_rest)
            and (ends_with(parts.rest, '.service') or told.daemon is not null)
            then parts.head || 'postfix' || told.instance_rest || coalesce('/' || told.daemon, '')
            || parts.pid || ': ' || parts.text
        else line
    end;

-- May 02 22:56:13 node1 docker[32360]: May  2 20:56:13 mail postfix/smtpd[17700]: ...
-- (docker's syslog driver): a line of its own, if Postfix or Dovecot can be seen at its beginning
create or replace temp macro told_line(parts) as
    case
        when regexp_matches(parts.text, '^' || any_stamp() || ' \S+ ' || mail_program())
            then with_year_of(parts.stamp, parts.text)
        when regexp_matches(parts.text, '^' || any_stamp() || ' ' || mail_program())
            then with_year_of(parts.stamp, regexp_extract(parts.text, '^' || any_stamp()))
            || ' ' || parts.host
            || regexp_replace(parts.text, '^' || any_stamp(), '')
        when regexp_matches(parts.text, '^' || any_stamp() || ' ' || dovecot_beginning())
            then with_year_of(parts.stamp, regexp_extract(parts.text, '^' || any_stamp()))
            || ' ' || parts.host || ' dovecot:'
            || regexp_replace(parts.text, '^' || any_stamp(), '')
        when regexp_matches(parts.text, '^' || mail_program())
            then parts.stamp || ' ' || parts.host || ' ' || parts.text
        when regexp_matches(parts.text, '^' || dovecot_beginning())
            then parts.stamp || ' ' || parts.host || ' dovecot: ' || parts.text
    end;

-- Behind stamp and header: of a unit of systemd or a cut program the daemon, and lines that
-- another program wrote. What Postfix and Dovecot wrote themselves is never looked into
create or replace temp macro inner_line(line) as
    case
        when not regexp_matches(line, '^' || any_stamp() || ' ') then line
        when
            regexp_matches(
                line,
                '^' || any_stamp()
                || ' (?:\S+ )?(?:postfix|dovecot)[^\s/\[\]:]*(?:\[[^\]]*\])?: '
            )
            then list_transform(
                [
                    regexp_extract(
                        line,
                        '^(' || any_stamp()
                        || ' (?:\S+ )?)(postfix|dovecot)([^\s/\[\]:]*)(\[[^\]]*\])?: (.*)$',
                        ['head', 'system', 'rest', 'pid', 'text']
                    )
                ],
                lambda parts: list_transform(
                    [
                        {
                            'instance_rest': postfix_instance_rest(parts.rest),
                            'daemon': told_daemon(parts.text)
                        }
                    ],
                    lambda told: named_line(line, parts, told)
                )[1]
            )[1]
        else coalesce(
            list_transform(
                [
                    regexp_extract(
                        line,
                        '^(' || any_stamp() || ') (\S+) [^\s\[\]():<>]+(?:\[[^\]]*\])?: (.*)$',
                        ['stamp', 'host', 'text']
                    )
                ],
                lambda parts: told_line(parts)
            )[1],
            line
        )
    end;

-- One layer less; the line itself where it is none that is known
create or replace temp macro peeled(line) as
    case
        when plain_style(line) is not null then line
        when starts_with(line, '{') then coalesce(json_line(line), line)
        -- A crash leaves NULs, and a terminal colours, in front
        when starts_with(line, '\x') then regexp_replace(line, '^(?:\\x00|\\x1b\[[0-9;]*m)+', '')
        -- <22>1 2026-11-24T02:50:30.545125+00:00 mx1 postfix 2278 - -  5F71426E4BF: removed
        -- RFC 5424 as rsyslog, syslog-ng and forwarders of the journal write it
        when regexp_matches(line, '^<\d{1,3}>1 \S+ \S+ \S+ \S+ \S+ ')
            then regexp_replace(
                line,
                '^<\d{1,3}>1 (?:- |(\S+ ))(\S+) (\S+) (\S+) \S+ '
                || '(?:-|(?:\[(?:[^\]\\]|\\.)*\])+)(?: +|$)(?:\x{feff})?',
                '\1\2 \3[\4]: '
            )
        -- <22>Jul 25 12:00:00 mx1 postfix/smtpd[37]: ...; with its length before it (RFC 6587)
        when regexp_matches(line, '^(?:\d{1,5} )?<\d{1,3}>')
            then regexp_replace(line, '^(?:\d{1,5} )?(<\d{1,3}>1 )?(?:<\d{1,3}>)?', '\1')
        -- Dovecot 1: the program stands before the stamp
        when starts_with(line, 'dovecot: ') and regexp_matches(line, '^dovecot: ' || any_stamp())
            then substr(line, 10)
        -- [pod/mail-0/postfix] ...: a container's name in brackets; [ 1234.567890] of journalctl -o
        -- short-monotonic, which has no time of day; [1752490800.123456] has
        when starts_with(line, '[')
            then regexp_replace(
                regexp_replace(line, '^\[(\d{10}(?:\.\d{1,9})?)\] *', '\1 '),
                '^\[[^\]]*\] *', ''
            )
        -- 2026-02-27T09:02:37.669794202Z stdout F ...: CRI (containerd, CRI-O)
        when regexp_matches(line, '^\d{4}-\d{2}-\d{2}T\S+ (?:stdout|stderr) [FP](?::\S*)? ')
            then regexp_replace(line, '^(\S+) \S+ \S+ ', '\1 ')
        -- Tue 2026-11-24 03:08:37 UTC mx1 ...: journalctl -o short-full, with-unit
        when regexp_matches(line, '^[A-Z][a-z]{2} \d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}(?:\.\d+)? ')
            then regexp_replace(
                regexp_replace(
                    line,
                    '^[A-Z][a-z]{2} (\d{4}-\d{2}-\d{2}) (\S+) (?:(UTC)|[A-Z]{2,5}|([+-]\d{2,4})) ',
                    '\1T\2\3\4 '
                ),
                '^(\S+)UTC ', '\1Z '
            )
        -- 1752490800.123456 mx1 ...: seconds, milliseconds or microseconds since 1970
        when regexp_matches(line, '^(?:\d{10}(?:\.\d{1,9})?|\d{13}|\d{16}) ')
            then epoch_stamp(split_part(line, ' ', 1)) || substr(line, strpos(line, ' '))
        -- 2013 Jun 10 06:27:30.123 mx1 ...
        when regexp_matches(line, '^\d{4} [A-Z][a-z]{2} +\d{1,2} \d{2}:\d{2}:\d{2}')
            then list_transform(
                [
                    regexp_extract(
                        line,
                        '^(\d{4}) (\w{3}) +(\d{1,2}) (\S+)( .*)$',
                        ['year', 'month', 'day', 'time', 'rest']
                    )
                ],
                lambda parts: dated_line(line, parts)
            )[1]
        -- Jun 10 2013 06:27:30 mx1 ...
        when regexp_matches(line, '^[A-Z][a-z]{2} +\d{1,2} \d{4} \d{2}:\d{2}:\d{2}')
            then list_transform(
                [
                    regexp_extract(
                        line,
                        '^(\w{3}) +(\d{1,2}) (\d{4}) (\S+)( .*)$',
                        ['month', 'day', 'year', 'time', 'rest']
                    )
                ],
                lambda parts: dated_line(line, parts)
            )[1]
        -- Mar 7 02:09:33 mx1 ...: blanks were squeezed
        when regexp_matches(line, '^[A-Z][a-z]{2} \d \d{2}:\d{2}:\d{2}')
            then substr(line, 1, 4) || ' ' || substr(line, 5)
        -- 2026-07-25 12:00:00,123 +0200 mx1 ...
        when
            regexp_matches(
                line,
                '^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(?:,\d+(?:Z| ?[+-]\d{2}:?\d{2})?'
                || '|(?:\.\d+)? [+-]\d{2}:?\d{2}) '
            )
            then regexp_replace(
                regexp_replace(line, '^(\S{10}[T ][\d:]{8}),', '\1.'),
                '^(\d{4}-\d{2}-\d{2})[T ]([\d:.]+) ?([+-][\d:]+|Z)? ',
                '\1T\2\3 '
            )
        -- mail-1  | ...: docker compose; mail.1.x8f2@node1    | ...: a service of docker
        when regexp_matches(line, '^[A-Za-z0-9_.@-]+ +\| ')
            then regexp_replace(line, '^[A-Za-z0-9_.@-]+ +\| *', '')
        -- STAMP before a line that has one, or before another wrapping
        when
            regexp_matches(
                line,
                '^' || any_stamp() || ' (?:' || any_stamp() || ' |\{"|<\d{1,3}>|[\w.@-]+ +\| )'
            )
            then with_year_of(line, regexp_replace(line, '^' || any_stamp() || ' ', ''))
        else inner_line(line)
    end;
