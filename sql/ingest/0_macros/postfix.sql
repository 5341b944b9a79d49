-- Shared pieces of Postfix lines
create or replace temp macro is_queue_id(word) as
    regexp_full_match(
        word,
        '[0-9A-F]{6,21}'
        || '|[0-9B-DF-HJ-NP-TV-Zb-df-hj-np-tv-z]{10,20}z[0-9B-DF-HJ-NP-TV-Zb-df-hj-np-tv-y]{1,20}'
    );

-- The queue id of ours that a filter or Milter names; NULL where the sender's text could be one
create or replace temp macro foreign_queue_id(daemon, text) as
    case
        when regexp_full_match(
            daemon,
            'opendkim|opendmarc|openarc|dkimpy-milter|dkim-filter|sid-filter|sid-milter'
            || '|spamass-milter|milter-greylist|milter-regex|clamav-milter|clamsmtpd'
            || '|pyspf-milter|smf-spf|batv-filter|mimedefang|postgrey'
        ) then
            case
                when is_queue_id(split_part(text, ': ', 1)) then split_part(text, ': ', 1)
                when daemon = 'clamav-milter' and starts_with(text, 'Message ')
                    and is_queue_id(split_part(text, ' ', 2)) then split_part(text, ' ', 2)
            end
        when daemon in ('amavis', 'amavisd', 'amavisd-new') and contains(text, ' Queue-ID: ')
            then nullif(
                regexp_extract(
                    text,
                    '^\([0-9-]+\) (?:Passed|Blocked) [^<]*<' || address_pattern() || '> -> '
                    || '(?:<(?:"(?:[^"\\]|\\.)*")?[^"\\>]*>,)+ (?:quarantine: [^ ,]+, )?'
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
    end;

-- An address without the marks of IPv4-mapped or tagged ones; NULL where it is masked or unknown
create or replace temp macro plain_ip(ip) as
    nullif(regexp_extract(ip, '^(?:::ffff:|IPv6:)?([0-9A-Fa-f:.]+)$', 1), '');

create or replace temp macro known_name(name) as nullif(nullif(name, ''), 'unknown');

-- An envelope address between < and >: a quoted local part may hold any character
create or replace temp macro address_pattern() as '((?:"(?:[^"\\]|\\.)*")?[^"\\>]*)';

-- NAME[ADDRESS] with or without :PORT
create or replace temp macro client_pattern() as '([^\s\[\],;]+)\[([^\]]*)\](?::(\d+))?';

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
