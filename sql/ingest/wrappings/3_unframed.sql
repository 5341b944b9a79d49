-- A line without what stands around it; NULL if nothing does
create or replace temp macro unframed(line) as
    case
        when plain_style(line) is null
            then nullif(
                list_reduce(
                    [line, '', '', '', '', '', ''],
                    lambda held, layer: peeled(held)
                ),
                line
            )
    end;
