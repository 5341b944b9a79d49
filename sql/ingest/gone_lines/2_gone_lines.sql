-- They are gone, copies of others as well
delete from raw_lines
where line_key between getvariable('first_gone_key') and getvariable('last_gone_key');

delete from site_lines
where line_key between getvariable('first_gone_key') and getvariable('last_gone_key');

delete from longest_lines
where line_key between getvariable('first_gone_key') and getvariable('last_gone_key');

-- A torn line that is read again with another zone may have another time; a stream that is forgotten
-- keeps its place among the others until it is gone
update batch
set first_logged_at = null
where
    batch.first_line_key = getvariable('first_gone_key')
    and not exists(
        select 1 from raw_lines
        where
            raw_lines.line_key between batch.file_key * 4294967296 and batch.first_line_key - 1
            and raw_lines.logged_at is not null
    );
