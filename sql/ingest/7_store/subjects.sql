-- Subjects of the messages at hand, where a check of their headers logged them: the first of several
update messages
set subject = told.subject
from (
    with logged as (
        select
            message_lines.message_key,
            regexp_extract(arg_min(cleanup_verdicts.content, message_lines.position), ': *(.*)$', 1)
                as text
        from cleanup_verdicts
        inner join message_lines on cleanup_verdicts.line_key = message_lines.line_key
        where cleanup_verdicts.stage = 'header' and cleanup_verdicts.content ilike 'subject:%'
        group by message_lines.message_key
    ),

    -- An encoded word, and what stands before it
    split as (
        select
            message_key,
            unnest(string_split_regex(text, encoded_word())) as gap,
            unnest(regexp_extract_all(text, encoded_word())) as word,
            generate_subscripts(string_split_regex(text, encoded_word()), 1) as place
        from logged
    ),

    read as (
        select
            *,
            word_charset(word) as charset,
            word_bytes(word) as bytes
        from split
    ),

    with_begin as (
        select
            *,
            case
                when
                    is_folding(gap)
                    and bytes is not null
                    and charset = lag(charset) over of_message
                    and lag(bytes) over of_message is not null
                    then 0
                else 1
            end as is_begin
        from read
        window of_message as (partition by message_key order by place)
    ),

    -- A character may begin in a word and end in the next one of its charset
    with_run as (
        select
            *,
            sum(is_begin) over (partition by message_key order by place) as run
        from with_begin
    ),

    runs as (
        select
            message_key,
            run,
            arg_min(gap, place) as gap,
            string_agg(
                case when is_begin = 1 then '' else gap end || coalesce(word, ''),
                ''
                order by place
            ) as raw_text,
            any_value(charset) as charset,
            unhex(string_agg(hex(bytes), '' order by place)) as bytes
        from with_run
        group by message_key, run
    ),

    in_clear as (
        select
            *,
            printable_text(charset_text(charset, bytes)) as clear_text
        from runs
    ),

    -- Between two words in clear blanks are none
    shown as (
        select
            message_key,
            run,
            case
                when
                    is_folding(gap)
                    and clear_text is not null
                    and lag(clear_text) over (partition by message_key order by run) is not null
                    then ''
                else gap
            end || coalesce(clear_text, raw_text) as text
        from in_clear
    )

    select
        message_key,
        string_agg(text, '' order by run) as subject
    from shown
    group by message_key
) as told
where messages.message_key = told.message_key;
