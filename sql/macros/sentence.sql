-- A sentence of line_kinds with its facts filled in, in one pass, so that no fact can be read as
-- another's place. Parts stand between |; a part with a missing fact is left out
create or replace macro sentence(template, facts) as
    array_to_string(
        list_transform(
            list_filter(
                string_split(template, '|'),
                lambda part: len(
                    list_filter(
                        regexp_extract_all(part, '\{([a-z_]+)\}', 1),
                        lambda name: facts[name] is null
                    )
                ) = 0
            ),
            lambda part: array_to_string(
                list_transform(
                    string_split_regex(part, '[{}]'),
                    lambda piece, place: case when place % 2 = 1 then piece else facts[piece] end
                ),
                ''
            )
        ),
        ''
    );
