-- Shared pieces of Postfix lines

-- The queue id of ours that a filter or Milter names; NULL where the sender's text could be one
create or replace temp macro foreign_queue_id(daemon, text) as
    case
        when regexp_full_match(
            daemon,
            'opendkim|opendmarc|openarc|dkimpy-milter|dkim-filter|sid-filter|sid-milter'
            || '|spamass-milter|milter-greylist|milter-regex|clamav-milter|clamsmtpd'
            || '|pyspf-milter|policyd-spf|smf-spf|batv-filter|mimedefang|postgrey'
        ) then
            case
                when is_queue_id(split_part(text, ': ', 1)) then split_part(text, ': ', 1)
                when daemon = 'clamav-milter' and starts_with(text, 'Message ')
                    and is_queue_id(split_part(text, ' ', 2)) then split_part(text, ' ', 2)
                when daemon = 'clamav-milter' and starts_with(text, 'Clean message ')
                    and is_queue_id(split_part(text, ' ', 3)) then split_part(text, ' ', 3)
            end
        when daemon in ('amavis', 'amavisd', 'amavisd-new') and contains(text, ' Queue-ID: ')
            then nullif(
                regexp_extract(
                    text,
                    '^\([0-9-]+\) (?:Passed|Blocked) [^<]*<' || address_pattern() || '> -> '
                    || '(?:<(?:"(?:[^"\\]|\\.)*")?[^"\\>]*>,)+ (?:\([^()]*\), )?'
                    || '(?:quarantine: [^ ,]+(?:, [^ ,:=]+)*, )?'
                    || 'Queue-ID: ([0-9A-Za-z]+), ',
                    2
                ),
                ''
            )
        when daemon in ('rspamd', 'rspamd_proxy', 'rmilter')
            and len(string_split(text, ', qid: <')) = 2
            then nullif(
                regexp_extract(text, ': id: <[^<>, ]*>, qid: <([0-9A-Za-z]+)>, ', 1), ''
            )
        when is_queue_scanner(daemon) then nullif(requeued_ids(text).old, '')
    end;

-- An address without the marks of IPv4-mapped or tagged ones; NULL where it is masked or unknown. To see
-- that there is no mark takes a third of what looking for one does
create or replace temp macro plain_ip(ip) as
    case
        when regexp_full_match(ip, '[0-9A-Fa-f][0-9A-Fa-f:.]*') then ip
        else nullif(regexp_extract(ip, '^(?:::ffff:|IPv6:)?([0-9A-Fa-f:.]+)$', 1), '')
    end;

create or replace temp macro known_name(name) as nullif(nullif(name, ''), 'unknown');

-- An envelope address between < and >: a quoted local part may hold any character
create or replace temp macro address_pattern() as '((?:"(?:[^"\\]|\\.)*")?[^"\\>]*)';

-- An address between < and > that cannot hide anything: what follows it is the writer's, even where
-- the end of the line is missing
create or replace temp macro plain_address_pattern() as
    '([^\s"\\<>,;:()\[\]@]*(?:@(?:\[[0-9A-Za-z.:]*\]|[^\s"\\<>,;:()\[\]@]*))?)';

-- Whether a text may be an address: quoted as RFC 5321 says, or as Postfix wrote it before version
-- 3.5 (info_log_address_format = internal), with any local part; without a domain it has no blanks
create or replace temp macro may_be_address(text) as
    regexp_full_match(
        text,
        '.*@(?:[A-Za-z0-9._\x{80}-\x{10FFFF}-]+|\[[0-9A-Za-z.:]*\])|\S*|"(?:[^"\\]|\\.)*"'
    );

create or replace temp macro split_at(text, marker, length_before) as
    {
        'before': substr(text, 1, length_before),
        'after': substr(text, length_before + length(marker) + 1)
    };

-- All places where a marker stands in a text: what comes before it, and what behind
create or replace temp macro splits(text, marker) as
    list_transform(
        range(1, len(string_split(text, marker))),
        lambda place: split_at(
            text,
            marker,
            (place - 1) * length(marker) + list_sum(
                list_transform(string_split(text, marker)[:place], lambda piece: length(piece))
            )::bigint
        )
    );

-- Whether an address as it was read may be one: with a quote before it, it is quoted to its end
create or replace temp macro is_whole_address(text) as
    not starts_with(text, '"') or regexp_full_match(text, '"(?:[^"\\]|\\.)*"(?:@.*)?');

-- Whether the keys of a context stand once each: then their values may hold anything else
create or replace temp macro has_one_context(text) as
    not (
        text like '%; from=<%; from=<%'
        or text like '%; proto=%; proto=%'
        or regexp_matches(text, '>,? to=<.*>,? to=<|>,? proto=.*>,? proto=')
    );

-- A decision: text, and context with addresses of a pattern
create or replace temp macro verdict_pattern(address) as
    '^(.*?);(?: from=<' || address || '>)?(?: to=<' || address || '>)?'
    || '(?: proto=(\w+))?(?: helo=<([^>]*)>)?(?: sasl_method=(\S+))?'
    || '(?: sasl_username=(?:<([^>]*)>|([^;<>]*?)))?(?: sasl_sender=\S+)?$';

-- The end of a context that no reading changes, unless a login name follows: a HELO name holds no
-- blank, bracket or semicolon
create or replace temp macro context_end(text) as
    case
        when not contains(text, ' sasl_') then regexp_extract(
            text, ',? proto=(\w+),? helo=<([^\s<>();@"\\]*)>$', ['protocol', 'helo_name']
        )
    end;

-- A context of which the end is missing, or behind which something else stands: what is there, where
-- neither the text before it nor an address can hide anything (else whole is empty)
create or replace temp macro context_place(text) as
    strpos(
        text, nullif(regexp_extract(text, '; (?:from=<|to=<|proto=[A-Z]|helo=<)'), '')
    );

create or replace temp macro context_pattern(sender) as
    '^(;' || sender || '(?: to=<' || plain_address_pattern() || '>,?)?(?: proto=(E?SMTP),?)?'
    || '(?: helo=<([^\s<>();@"\\]*)>(?:[ ,:;(].*)?|(?:[ ,][^>]*)?))$';

create or replace temp macro begun_context(text) as
    case
        when
            not contains(substr(text, 1, context_place(text)), '"')
            and not regexp_matches(substr(text, 1, context_place(text) - 1), '<[^<>]*$')
            and has_one_context(text)
            and not regexp_matches(text, ' helo=<.* (?:helo|proto)=')
            then
                case
                    when starts_with(substr(text, context_place(text)), '; from=<')
                        then regexp_extract(
                            substr(text, context_place(text)),
                            context_pattern(' from=<' || plain_address_pattern() || '>,?'),
                            ['whole', 'sender', 'recipient', 'protocol', 'helo_name']
                        )
                    else regexp_extract(
                        substr(text, context_place(text)),
                        context_pattern('()'),
                        ['sender', 'recipient', 'protocol', 'helo_name']
                    )
                end
    end;

-- NAME[ADDRESS] with or without :PORT
create or replace temp macro client_pattern() as '([^\s\[\],;]+)\[([^\]]*)\](?::(\d+))?';

-- The client that a line of postscreen is about, and what follows it
create or replace temp macro screened_client(body) as
    regexp_extract(
        body, '^[A-Za-z0-9: .-]*\[([0-9A-Fa-f:.]+)\]:(\d+)(.*)$', ['ip', 'port', 'rest']
    );

-- Address and port; NULL where the line is cut off before their end
create or replace temp macro endpoint(client) as
    case when client.ip <> '' then '[' || client.ip || ']:' || client.port end;

-- Whether what stands before a context ends inside a value: then the context is part of it
create or replace temp macro is_open_value(before) as
    regexp_matches(before, '; [^;]*(?:=<[^>]*| sasl_username=[^<>]*)$');

-- What stands before a server's reply in a delivery record
create or replace temp macro server_reply_pattern() as
    '^(?:host \S+ (?:said|refused to talk to me)'
    || '|SASL (?:\[CACHED\] )?authentication failed; server \S+ said): ';

create or replace temp macro counter_ok(counters, command) as
    try_cast(regexp_extract(counters, ' ' || command || '=(\d+)', 1) as integer);

create or replace temp macro counter_total(counters, command) as
    coalesce(
        try_cast(regexp_extract(counters, ' ' || command || '=\d+/(\d+)', 1) as integer),
        counter_ok(counters, command)
    );

-- Message-ID without its angle brackets
create or replace temp macro bare_message_id(value) as
    nullif(
        coalesce(
            nullif(regexp_extract(value, '^<' || address_pattern() || '>', 1), ''),
            nullif(value, '<>')
        ),
        ''
    );
