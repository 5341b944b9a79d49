-- Encoded words of a header (RFC 2047) in clear; one whose charset or bytes are not understood stays

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

create or replace temp macro decoded_word(word) as
    charset_text(
        regexp_extract(word, encoded_word(), 1),
        case
            when lower(regexp_extract(word, encoded_word(), 2)) = 'b'
                then try(from_base64(regexp_extract(word, encoded_word(), 3)))
            else quoted_bytes(regexp_extract(word, encoded_word(), 3))
        end
    );

-- What is no printable text stays encoded
create or replace temp macro shown_word(word) as
    case
        when regexp_matches(decoded_word(word), '[\x00-\x1f\x7f\x{80}-\x{9f}]') then word
        else coalesce(decoded_word(word), word)
    end;

-- Blanks between two encoded words are none; where a header was folded Postfix writes ? for its end
create or replace temp macro unfolded_words(text) as
    regexp_replace(text, '\?=(?:\?|\s)\s*=\?', '?==?', 'g');

create or replace temp macro decoded_header(text) as
    case
        when not regexp_matches(text, encoded_word()) then text
        else
            array_to_string(
                list_transform(
                    list_zip(
                        string_split_regex(unfolded_words(text), encoded_word()),
                        regexp_extract_all(unfolded_words(text), encoded_word())
                    ),
                    lambda pair: pair[1] || coalesce(shown_word(pair[2]), '')
                ),
                ''
            )
    end;
