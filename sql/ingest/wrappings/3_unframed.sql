-- A line without what stands around it; NULL if nothing does
create or replace temp macro unframed(line) as
    case
        when plain_style(line) is null
            then list_transform(
                [
                    list_reduce(
                        [line, '', '', '', '', '', ''],
                        lambda held, layer: peeled(held)
                    )
                ],
                lambda peeled_line: case when peeled_line <> line then peeled_line end
            )[1]
    end;
