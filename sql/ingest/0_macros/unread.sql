-- Keys that stand in a text, and those that texts of its kind have, a blank around each
create or replace temp macro keys_told(body, known) as
    {
        'found': regexp_extract_all(body, '(?:^|[ ,;(])([A-Za-z_]+)=', 1),
        'known': known
    };

create or replace temp macro are_known(keys) as
    list_bool_and(list_transform(keys.found, lambda key: contains(keys.known, ' ' || key || ' ')));

-- Whether a known one stands twice: a value imitates it
create or replace temp macro is_imitated(keys) as
    len(list_distinct(keys.found)) < len(keys.found)
    and len(list_filter(keys.found, lambda key: contains(keys.known, ' ' || key || ' ')))
    > len(
        list_distinct(
            list_filter(keys.found, lambda key: contains(keys.known, ' ' || key || ' '))
        )
    );

-- Why what a line says was not read to its end (log_lines.unread), of one that was not
create or replace temp macro unread_reason(kind, body, may_be_cut, known) as
    case
        when may_be_cut or (kind = 'delivery' and not ends_with(body, ')')) then 'cut'
        when regexp_matches(
            body,
            '(?:^|[^A-Za-z0-9])(?:[Xx]{4,}|\*{3,})(?:$|[^A-Za-z0-9])'
            || '|<(?:masked|redacted|hidden|removed)'
        )
            then 'masked'
        when list_transform([keys_told(body, known)], lambda keys: is_imitated(keys))[1]
            then 'undecidable'
        when regexp_matches(body, '[=(]\d{19}') then 'out of range'
        when list_transform([keys_told(body, known)], lambda keys: are_known(keys))[1]
            is not false
            then 'new text'
        else 'new key'
    end;
