-- A line without a stamp shows its program only where no line before it in its stream has a stamp: in
-- others it is what somebody wrote over several lines
update batch_lines
set
    header = null,
    stamp = null,
    text_start = 1
from (
    select
        rowid as row_id,
        line_key
    from batch_lines
    where style is null and header is not null
) as stampless
where
    batch_lines.rowid = stampless.row_id
    and case
        when stampless.line_key is null
            then stampless.row_id > (
                select min(rowid) from batch_lines
                where style is not null and line_key is null
            )
            or exists(
                from batch
                where last_local_date is not null or first_logged_at is not null
            )
        else stampless.line_key > (
            select min(raw_lines.line_key) from raw_lines
            where
                raw_lines.line_key >= (stampless.line_key >> 32 << 32)
                and raw_lines.line_key < stampless.line_key
                and raw_lines.logged_at is not null
        )
    end;
