-- How many bytes a text stands for: before x, a backslash is written twice, and \xNN is one byte
create or replace temp macro line_bytes(line) as
    strlen(line) - case
        when contains(line, '\x') then coalesce(
            list_sum(
                list_transform(
                    -- Backslashes and x: \x07 is one of them and a byte, \\\x07 three
                    regexp_extract_all(line, '\\+x'),
                    lambda run: (strlen(run) - 1) // 2 + 3 * ((strlen(run) - 1) % 2)
                )
            ),
            0
        )
        else 0
    end;
