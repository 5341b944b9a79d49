-- Which kind of line it is
create or replace temp macro line_kind(family, daemon, severity, queue_id, body) as
    case
        when is_queue_scanner(daemon)
            then case
                when is_queue_id(requeued_ids(body).new) then 'queue_filtered'
                else 'foreign'
            end
        when family = 'postfix'
            then coalesce(postfix_kind(daemon, severity, queue_id, body), 'unknown')
        when family = 'other'
            then case when tells_of_losses(daemon, body) then 'lines_lost' else 'foreign' end
        when regexp_matches(body, last_repeated_text()) then 'lines_repeated'
        when
            regexp_matches(
                body, '^-- (?:(?:Logs begin|Journal begins) at .*|Boot \S+|Reboot|No entries) --$'
            ) then 'journal_separator'
        else 'unknown'
    end;

-- Keys that stand in a text, and those that texts of a kind have
create or replace temp macro keys_told(kind, body) as
    {
        'found': regexp_extract_all(body, '(?:^|[ ,;(])([A-Za-z_]+)=', 1),
        'known': known_keys(kind)
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

-- Why what a line says was not read to its end (log_lines.unread)
create or replace temp macro unread(kind, body, may_be_cut) as
    case
        when not is_read(kind, body) then
            case
                when may_be_cut or (kind = 'delivery' and not ends_with(body, ')')) then 'cut'
                when regexp_matches(
                    body,
                    '(?:^|[^A-Za-z0-9])(?:[Xx]{4,}|\*{3,})(?:$|[^A-Za-z0-9])'
                    || '|<(?:masked|redacted|hidden|removed)'
                )
                    then 'masked'
                when list_transform([keys_told(kind, body)], lambda keys: is_imitated(keys))[1]
                    then 'undecidable'
                when regexp_matches(body, '[=(]\d{19}') then 'out of range'
                when list_transform([keys_told(kind, body)], lambda keys: are_known(keys))[1]
                    is not false
                    then 'new text'
                else 'new key'
            end
    end;
