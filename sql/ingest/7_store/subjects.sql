-- Subjects of the messages at hand, where a check of their headers logged them: the first of several
update messages
set subject = told.subject
from (
    with logged as (
        select
            message_lines.message_key,
            subject_text(arg_min(cleanup_checks.content, message_lines.position)) as text
        from cleanup_checks
        inner join message_lines on cleanup_checks.line_key = message_lines.line_key
        where cleanup_checks.stage = 'header' and cleanup_checks.content ilike 'subject:%'
        group by message_lines.message_key
    )

    select
        logged.message_key,
        coalesce(clear_subjects.clear_text, logged.text) as subject
    from logged
    left join clear_subjects on logged.text = clear_subjects.text
) as told
where messages.message_key = told.message_key;
