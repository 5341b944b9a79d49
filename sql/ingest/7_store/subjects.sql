-- Subjects of the messages at hand, where a check of their headers logged them: the first of several
update messages
set subject = told.subject
from (
    select
        message_lines.message_key,
        decoded_header(
            regexp_extract(arg_min(cleanup_verdicts.content, message_lines.position), ': *(.*)$', 1)
        ) as subject
    from cleanup_verdicts
    inner join message_lines on cleanup_verdicts.line_key = message_lines.line_key
    where cleanup_verdicts.stage = 'header' and cleanup_verdicts.content ilike 'subject:%'
    group by message_lines.message_key
) as told
where messages.message_key = told.message_key;
