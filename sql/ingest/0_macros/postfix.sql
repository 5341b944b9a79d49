-- Shared pieces of Postfix lines
create or replace temp macro is_queue_id(word) as
    regexp_full_match(
        word,
        '[0-9A-F]{6,21}'
        || '|[0-9B-DF-HJ-NP-TV-Zb-df-hj-np-tv-z]{10,20}z[0-9B-DF-HJ-NP-TV-Zb-df-hj-np-tv-y]{1,20}'
    );

-- An address without the marks of IPv4-mapped or tagged ones; NULL where it is masked or unknown
create or replace temp macro plain_ip(ip) as
    nullif(regexp_extract(ip, '^(?:::ffff:|IPv6:)?([0-9A-Fa-f:.]+)$', 1), '');

create or replace temp macro known_name(name) as nullif(nullif(name, ''), 'unknown');

-- An envelope address between < and >: quoted local parts may hold any character
create or replace temp macro address_pattern() as '((?:[^"\\>]|"(?:[^"\\]|\\.)*")*)';

-- NAME[ADDRESS] with or without :PORT
create or replace temp macro client_pattern() as '([^\s\[\],;]+)\[([^\]]*)\](?::(\d+))?';

create or replace temp macro counter_ok(counters, command) as
    try_cast(regexp_extract(counters, ' ' || command || '=(\d+)', 1) as integer);

create or replace temp macro counter_total(counters, command) as
    coalesce(
        try_cast(regexp_extract(counters, ' ' || command || '=\d+/(\d+)', 1) as integer),
        counter_ok(counters, command)
    );

create or replace temp macro seconds(field) as
    case when regexp_full_match(field, '\d+(?:\.\d+)?') then try_cast(field as double) end;

-- Message-ID without its angle brackets
create or replace temp macro bare_message_id(value) as
    nullif(
        coalesce(
            nullif(regexp_extract(value, '^<' || address_pattern() || '>', 1), ''),
            nullif(value, '<>')
        ),
        ''
    );
