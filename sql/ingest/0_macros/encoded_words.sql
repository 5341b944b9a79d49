-- Encoded words of a header (RFC 2047)

create or replace temp macro encoded_word() as
    '=\?([A-Za-z0-9_-]+)(?:\*[A-Za-z0-9-]+)?\?([BbQq])\?([^?\s]*)\?=';

-- Bytes that stand as =XX, or as themselves
create or replace temp macro quoted_bytes(text) as
    unhex(
        array_to_string(
            list_transform(
                regexp_extract_all(replace(text, '_', ' '), '=[0-9A-Fa-f]{2}|.'),
                lambda piece: case when length(piece) = 3 then substr(piece, 2) else hex(piece) end
            ),
            ''
        )
    );

create or replace temp macro latin_text(bytes) as
    array_to_string(
        list_transform(
            regexp_extract_all(hex(bytes), '..'), lambda pair: chr(('0x' || pair)::integer)
        ),
        ''
    );

-- NULL where it is none of its charset; of windows-1252 what it has in common with ISO-8859-1
create or replace temp macro charset_text(charset, bytes) as
    case
        when lower(charset) in ('utf-8', 'us-ascii') then try(decode(bytes))
        when lower(charset) in ('iso-8859-1', 'windows-1252') then latin_text(bytes)
    end;

create or replace temp macro word_charset(word) as lower(regexp_extract(word, encoded_word(), 1));

create or replace temp macro word_bytes(word) as
    case
        when lower(regexp_extract(word, encoded_word(), 2)) = 'b'
            then try(from_base64(regexp_extract(word, encoded_word(), 3)))
        else quoted_bytes(regexp_extract(word, encoded_word(), 3))
    end;

-- NULL where it is none: what breaks lines, turns the direction of writing, or cannot be seen
create or replace temp macro printable_text(text) as
    case
        when
            not regexp_matches(
                text,
                '[\x00-\x1f\x7f\x{80}-\x{9f}\x{200b}-\x{200f}\x{2028}-\x{202e}\x{2066}-\x{2069}]'
            )
            then text
    end;

-- Whether what stands between two encoded words only parts them; where a header was folded Postfix writes ?
create or replace temp macro is_folding(gap) as regexp_full_match(gap, '\??\s*');
