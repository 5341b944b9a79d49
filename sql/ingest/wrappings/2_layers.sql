-- What may stand around a line, layer by layer: each branch takes one layer off and shows what it
-- looks like. What stands inside keeps its stamp and host; where it has none, it gets those outside

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

-- A text that somebody passed on, as a line: NULL unless it begins like one of Postfix or Dovecot
create or replace temp macro passed_line(stamp, host, text) as
    case
        when regexp_matches(text, '^' || any_stamp() || ' [^\s:]+ ' || mail_program())
            then with_year_of(stamp, text)
        when regexp_matches(text, '^' || any_stamp() || ' ' || mail_program())
            then with_year_of(stamp, regexp_extract(text, '^' || any_stamp()))
            || ' ' || host || regexp_replace(text, '^' || any_stamp(), '')
        when regexp_matches(text, '^' || any_stamp() || ' ' || dovecot_beginning())
            then with_year_of(stamp, regexp_extract(text, '^' || any_stamp()))
            || ' ' || host || ' dovecot:' || regexp_replace(text, '^' || any_stamp(), '')
        when regexp_matches(text, '^' || mail_program()) then stamp || ' ' || host || ' ' || text
        when regexp_matches(text, '^' || stampless_dovecot_beginning())
            then stamp || ' ' || host || ' dovecot: ' || text
    end;

-- It is not known whose text it is
create or replace temp macro text_line(stamp, text) as stamp || ' (text): ' || text;

-- A text of which no program is told: a line, if it begins like one
create or replace temp macro unnamed_line(stamp, host, text) as
    coalesce(
        passed_line(stamp, host, text),
        case
            when
                regexp_matches(
                    text,
                    '^(?:' || any_stamp() || ' |<\d{1,3}>|\{")'
                )
                then stamp || ' ' || with_year_of(stamp, text)
            else text_line(stamp, text)
        end
    );

create or replace temp macro one_word(name) as
    regexp_replace(name, '[\s\x00-\x1f\x7f-\x{9f}:\[\]()<>]+', '_', 'g');

create or replace temp macro one_stamp(stamp) as
    regexp_replace(stamp, '[^A-Za-z0-9:.,+@ -]+', '_', 'g');

-- Stamp and host as words of a line
create or replace temp macro worded(told) as
    {
        'stamp': one_stamp(coalesce(told.stamp, '')),
        'host': one_word(coalesce(told.host, '-')),
        'program': one_word(told.program),
        'pid': coalesce('[' || one_word(told.pid) || ']', ''),
        'text': told.text
    };

-- STAMP HOST PROGRAM[PID]: TEXT of what is there
create or replace temp macro line_of(parts) as
    list_transform(
        list_transform([parts], lambda told: worded(told)),
        lambda told: ltrim(
            case
                when told.program is null then unnamed_line(told.stamp, told.host, told.text)
                else told.stamp || ' ' || told.host || ' ' || told.program || told.pid || ': '
                    || told.text
            end,
            ' '
        )
    )[1];

-- {"__REALTIME_TIMESTAMP":"1752490800123456","_HOSTNAME":"mx1","SYSLOG_IDENTIFIER":"postfix/qmgr",
-- "SYSLOG_PID":"812","MESSAGE":"4T8Zh133D8zGpCM: removed"}     (journalctl -o json)
-- {"log":"Feb 27 09:02:37 mail postfix/qmgr[90]: 5E31727A35D: removed\n","stream":"stdout",
-- "time":"2026-02-27T09:02:37.669794202Z"}                     (docker)
-- and what Filebeat (ECS), fluent-bit, Fluentd, Graylog (GELF), rsyslog, syslog-ng and Vector make of them
create or replace temp macro json_fields(json) as
    {
        'texts': json_extract(
            json,
            [
                '$.MESSAGE', '$.log', '$.message', '$.msg', '$.short_message', '$.line'
            ]
        ),
        'stamps': json_extract(
            json,
            [
                '$._SOURCE_REALTIME_TIMESTAMP', '$.__REALTIME_TIMESTAMP', '$.time',
                '$."@timestamp"', '$.timestamp', '$.timereported', '$.ISODATE', '$.DATE', '$.date'
            ]
        ),
        'hosts': json_extract(
            json,
            [
                '$._HOSTNAME', '$.hostname', '$.host', '$.HOST', '$.host.hostname', '$.host.name',
                '$.sysloghost',
                '$.log.syslog.hostname', '$."host.name"'
            ]
        ),
        'programs': json_extract(
            json,
            [
                '$.SYSLOG_IDENTIFIER', '$.syslogtag', '$.program', '$.PROGRAM', '$.programname',
                '$.appname', '$.app_name', '$."app-name"', '$.ident', '$.identifier',
                '$.syslog_identifier', '$.process.name', '$."process.name"',
                '$.log.syslog.appname', '$._application_name', '$._COMM'
            ]
        ),
        'pids': json_extract(
            json,
            [
                '$.SYSLOG_PID', '$._PID', '$.pid', '$.PID', '$.procid', '$.process.pid',
                '$."process.pid"', '$.log.syslog.procid', '$._process_id'
            ]
        ),
        -- What is here comes from the engine of the container
        'containers': json_extract(json, ['$.CONTAINER_ID', '$.CONTAINER_ID_FULL']),
        'streams': json_extract(json, ['$.stream']),
        'tags': json_extract(json, ['$.tag']),
        'container_names': json_extract(
            json,
            [
                '$.CONTAINER_NAME', '$.container_name', '$._container_name',
                '$.kubernetes.container_name', '$.container.name', '$."container.name"'
            ]
        ),
        -- What is here is written by a program that is no mail system, which does not tell its name
        'applications': json_extract(
            json,
            [
                '$.level', '$.severity', '$.loglevel', '$.levelname', '$.lvl', '$.log.level',
                '$."log.level"', '$.logger', '$.logger_name', '$.log.logger', '$."log.logger"',
                '$.service', '$.service.name', '$."service.name"', '$.service_name', '$.name',
                '$.event', '$.user', '$.msg'
            ]
        )
    };

-- A byte that is no UTF-8 (\xNN) would be no JSON
create or replace temp macro json_of(line) as
    case
        when contains(line, '\x')
            then regexp_replace(line, '(^|[^\\])((?:\\\\)*)\\x', '\1\2\\\\x', 'g')
        else line
    end;

-- The first value that is one: a field that came several times is a list
create or replace temp macro first_value(fields) as
    list_filter(
        list_transform(
            fields,
            lambda field: case json_type(field)
                when 'OBJECT' then null
                when 'NULL' then null
                when 'ARRAY' then json_extract_string(field, '$[0]')
                else json_extract_string(field, '$')
            end
        ),
        lambda value: value <> ''
    )[1];

-- A list is one of bytes, or of texts. journalctl leaves long ones out
create or replace temp macro text_of_field(field) as
    case json_type(field)
        when 'VARCHAR' then json_extract_string(field, '$')
        when 'ARRAY'
            then case
                when json_type(field, '$[0]') = 'VARCHAR' then json_extract_string(field, '$[0]')
                else list_transform(
                    [bytes_of(field::varchar)], lambda bytes: text_of_bytes(bytes)
                )[1]
            end
    end;

create or replace temp macro first_text(fields) as
    list_transform(
        [
            list_append(
                list_filter(
                    list_transform(fields, lambda field: text_of_field(field)),
                    lambda text: text is not null
                ),
                ''
            )[1]
        ],
        lambda text: escaped_text(trim(substr(text, 1, longest_text()), e' \r\n'))
    )[1];

-- A program may have its process with it, as rsyslog gives it on: postfix/smtpd[77]:
create or replace temp macro told_program(found) as
    case
        when found.container is not null
            then 'docker/' || ltrim(coalesce(found.container_name, found.program), '/')
        else coalesce(
            regexp_replace(found.program, '(?:\[\d+\])?:?$', ''),
            'docker/' || ltrim(found.container_name, '/')
        )
    end;

-- rsyslog's; Fluentd calls otherwise what it sends where
create or replace temp macro syslog_tag(tag) as
    case when regexp_full_match(tag, '[^\s:]+:') then tag end;

-- Inside another wrapping, which has its stamp, JSON is looked into if it names a program, or is docker's
create or replace temp macro wrapped_line(outer_stamp, fields) as
    list_transform(
        list_transform(
            [
                {
                    'stamp': first_value(fields.stamps),
                    'host': first_value(fields.hosts),
                    'container': first_value(fields.containers),
                    'container_name': first_value(fields.container_names),
                    'program': coalesce(
                        first_value(fields.programs), syslog_tag(first_value(fields.tags))
                    ),
                    'pid': first_value(fields.pids),
                    'application': first_value(fields.applications),
                    'stream': first_value(fields.streams),
                    'text': first_text(fields.texts)
                }
            ],
            lambda found: {
                'stamp': coalesce(epoch_stamp(found.stamp), outer_stamp),
                'host': found.host,
                'program': told_program(found),
                'pid': coalesce(
                    found.pid, nullif(regexp_extract(found.program, '\[(\d+)\]:?$', 1), '')
                ),
                'is_passed_on': found.application is null
                    and (
                        coalesce(found.stream, '') in ('stdout', 'stderr')
                        or (
                            outer_stamp is null
                            and regexp_matches(found.text, '^' || any_stamp() || ' ')
                        )
                    ),
                'text': found.text
            }
        ),
        lambda told: case
            when told.program is null and not told.is_passed_on
                then ltrim(text_line(one_stamp(coalesce(told.stamp, '')), told.text), ' ')
            else line_of(told)
        end
    )[1];

create or replace temp macro json_line(outer_stamp, line) as
    list_transform(
        [json_of(line)],
        lambda json: case
            when json_valid(json)
                then list_transform(
                    [json_fields(json)], lambda fields: wrapped_line(outer_stamp, fields)
                )[1]
        end
    )[1];

-- <22>1 2026-11-24T02:50:30.545125+00:00 mx1 postfix 2278 - -  5F71426E4BF: removed
-- RFC 5424 as rsyslog, syslog-ng and forwarders of the journal write it; - is nothing
create or replace temp macro rfc5424_line(line) as
    list_transform(
        [
            regexp_extract(
                line,
                '^<\d{1,3}>1 (\S+) (\S+) (\S+) (\S+) \S+ '
                || '(?:-|(?:\[(?:[^\]\\]|\\.)*\])+)(?: +|$)(?:\x{feff})?(.*)$',
                ['stamp', 'host', 'program', 'pid', 'text']
            )
        ],
        lambda parts: line_of(
            {
                'stamp': nullif(parts.stamp, '-'),
                'host': nullif(parts.host, '-'),
                'program': cut_program(nullif(parts.program, '-'), parts.text),
                'pid': nullif(parts.pid, '-'),
                'text': parts.text
            }
        )
    )[1];

create or replace temp macro dated_line(line, parts) as
    case
        when month_number(parts.month) > 0
            then parts.year || '-' || lpad(month_number(parts.month)::varchar, 2, '0') || '-'
            || lpad(parts.day, 2, '0') || 'T' || parts.time || parts.rest
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
create or replace temp macro named_line(parts) as
    parts.head
    || case
        when parts.system = 'dovecot' then 'dovecot'
        else cut_program('postfix' || postfix_instance_rest(parts.rest), parts.text)
    end
    || parts.pid || ': ' || parts.text;

-- Behind stamp and header: of a unit of systemd or a cut program the daemon; and what others wrote and
-- a carrier passed on (docker's syslog driver):
-- May 02 22:56:13 node1 docker[32360]: May  2 20:56:13 mail postfix/smtpd[17700]: ...
-- Whatever a program wrote itself is never looked into
create or replace temp macro inner_line(line) as
    case
        when
            regexp_matches(
                line,
                '^' || any_stamp() || ' (?:[^\s:]+ )?' || mail_unit() || '(?:\[[^\]]*\])?: '
            )
            then list_transform(
                [
                    regexp_extract(
                        line,
                        '^(' || any_stamp() || ' (?:[^\s:]+ )?)(postfix|dovecot)([^\s/\[\]:]*)'
                        || '(\[[^\]]*\])?: (.*)$',
                        ['head', 'system', 'rest', 'pid', 'text']
                    )
                ],
                lambda parts: named_line(parts)
            )[1]
        when
            regexp_matches(
                line, '^' || any_stamp() || ' [^\s:]+ ' || carrier() || '(?:\[[^\]]*\])?: '
            )
            then list_transform(
                [
                    regexp_extract(
                        line,
                        '^(' || any_stamp() || ') ([^\s:]+) ' || carrier()
                        || '(?:\[[^\]]*\])?: (.*)$',
                        ['stamp', 'host', 'text']
                    )
                ],
                lambda parts: coalesce(passed_line(parts.stamp, parts.host, parts.text), line)
            )[1]
        else line
    end;

-- A stamp before JSON
create or replace temp macro is_stamped_json(line) as
    regexp_matches(line, '^' || any_stamp() || ' \{"');

-- One layer less; the line itself where it is none that is known; NULL of JSON, of which what is asked
-- is planned at length, and so stands once
create or replace temp macro peeled_text(line) as
    case
        when plain_style(line) is not null then line
        when starts_with(line, '{') then null
        -- A crash leaves NULs, and a terminal colours, in front
        when starts_with(line, '\x') then regexp_replace(line, '^(?:\\x00|\\x1b\[[0-9;]*m)+', '')
        when regexp_matches(line, '^<\d{1,3}>1 \S+ \S+ \S+ \S+ \S+ (?:- *$|- |\[)')
            then rfc5424_line(line)
        -- <22>Jul 25 12:00:00 mx1 postfix/smtpd[37]: ...; with its length before it (RFC 6587)
        when regexp_matches(line, '^(?:\d{1,5} )?<\d{1,3}>')
            then regexp_replace(line, '^(?:\d{1,5} )?(<\d{1,3}>1 )?(?:<\d{1,3}>)?', '\1')
        -- Dovecot 1: the program stands before the stamp
        when starts_with(line, 'dovecot: ') and regexp_matches(line, '^dovecot: ' || any_stamp())
            then substr(line, 10)
        when regexp_matches(line, '^\[' || any_stamp() || ' *\] ')
            then regexp_replace(line, '^\[(' || any_stamp() || ') *\] *', '\1 ')
        -- [pod/mail-0/postfix] ...: a container's name in brackets; [ 1234.567890] of journalctl -o
        -- short-monotonic, which has no time of day; [1752490800.123456] has
        when starts_with(line, '[')
            then regexp_replace(
                regexp_replace(line, '^\[(\d{10}(?:\.\d{1,9})?)\] *', '\1 '),
                '^\[[^\]]*\] *', ''
            )
        -- 2026-02-27T09:02:37.669794202Z stdout F ...: CRI (containerd, CRI-O)
        when regexp_matches(line, '^\d{4}-\d{2}-\d{2}T\S+ (?:stdout|stderr) [FP](?::\S*)? ')
            then list_transform(
                [regexp_extract(line, '^(\S+) \S+ \S+ (.*)$', ['stamp', 'text'])],
                lambda parts: unnamed_line(parts.stamp, '-', parts.text)
            )[1]
        -- Tue 2026-11-24 03:08:37 UTC mx1 ...: journalctl -o short-full, with-unit
        when regexp_matches(line, '^[A-Z][a-z]{2} \d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}(?:\.\d+)? ')
            then list_transform(
                [
                    regexp_extract(
                        line,
                        '^[A-Z][a-z]{2} (\S+) (\S+) ([A-Za-z]{2,5}|[+-]\d{2,4}) (.*)$',
                        ['day', 'time', 'zone', 'rest']
                    )
                ],
                lambda parts: case
                    when parts.zone = '' then line
                    else parts.day || 'T' || parts.time
                        || case
                            when regexp_matches(parts.zone, '^[+-]') then parts.zone
                            else coalesce(zone_offset(parts.zone), '')
                        end
                        || ' ' || parts.rest
                end
            )[1]
        -- 1752490800.123456 mx1 ...: seconds, milliseconds or microseconds since 1970
        when regexp_matches(line, '^(?:\d{10}(?:\.\d{1,9})?|\d{13}|\d{16}(?:\d{3})?) ')
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
        -- STAMP before a line that has one
        when regexp_matches(line, '^' || any_stamp() || ' (?:' || any_stamp() || ' |<\d{1,3}>1 \d)')
            then with_year_of(line, regexp_replace(line, '^' || any_stamp() || ' ', ''))
        -- STAMP before another wrapping
        when is_stamped_json(line) then null
        when regexp_matches(line, '^\d{4}-\d{2}-\d{2}T\S+ <\d{1,3}>1 - ')
            then regexp_replace(line, '^(\S+) (<\d{1,3}>1) - ', '\2 \1 ')
        when regexp_matches(line, '^' || any_stamp() || ' (?:<\d{1,3}>|[\w.@-]+ +\| )')
            then regexp_replace(
                line, '^(' || any_stamp() || ') (?:<\d{1,3}>|[\w.@-]+ +\| *)', '\1 '
            )
        else inner_line(line)
    end;

-- One layer less; the line itself where it is none that is known
create or replace temp macro peeled(line) as
    coalesce(
        peeled_text(line),
        json_line(
            nullif(regexp_extract(line, '^' || any_stamp()), ''),
            case
                when starts_with(line, '{') then line
                else substr(line, strpos(line, ' {"') + 1)
            end
        ),
        line
    );
