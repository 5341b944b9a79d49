-- How the head of a line is read: stamp, host, program
-- What rsyslog writes for lines that came again, of which it keeps 800 bytes with the blank before
-- them: " message repeated N times: [%.800s]" (action.c)
create or replace temp macro repeated_text() as
    '^message repeated ([1-9]\d{0,8}) times?: \[( ?)(.*)\]$';

create or replace temp macro repeated_text_limit() as 800;

-- What stands around the text
create or replace temp macro repetition_bytes(repeat_count) as
    strlen('message repeated  times: []') + strlen(repeat_count::varchar);

-- Older syslogs write how often the line before came again, and whose it was or only the host
create or replace temp macro last_repeated_text() as
    '^(?:\S+ +)?last message repeated ([1-9]\d{0,8}) times?$';

-- Without spaces at the end: almost no text has any, and looking for them takes long
create or replace temp macro trimmed(text) as
    case when ends_with(text, ' ') then rtrim(text) else text end;

-- Where the first colon stands that a blank follows, or would if anything did; 0 if nowhere
create or replace temp macro colon_place(text) as
    coalesce(
        nullif(strpos(text, ': '), 0), case when ends_with(text, ':') then length(text) else 0 end
    );

-- A piece of what is shown of a line: of itself, if nothing else is
create or replace temp macro shown_part(line, shown, first, count) as
    case
        when shown is null then substr(line, first, count)
        else substr(shown, first, count)
    end;

create or replace temp macro shown_rest(line, shown, first) as
    case when shown is null then substr(line, first) else substr(shown, first) end;

create or replace temp macro stamp_style(line) as
    case
        when regexp_matches(line, '^[A-Z][a-z]{2} [ 0-9][0-9] [0-9X]{2}:[0-9X]{2}:[0-9X]{2} ')
            then 'bsd'::style_name
        when regexp_matches(line, '^[A-Z][a-z]{2} [ 0-9][0-9] [0-9]{2}:[0-9]{2}:[0-9]{2}\.\d+ ')
            then 'bsd_fraction'::style_name
        when regexp_matches(line, '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}')
            then 'rfc3339'::style_name
        when regexp_matches(line, '^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8}[. ]')
            then 'iso'::style_name
        when regexp_matches(line, '^@4[0-9a-f]{23} ') then 'tai64n'::style_name
    end;

-- Where the header begins, behind the stamp
create or replace temp macro header_start(style, line) as
    case style
        when 'bsd' then 17
        when 'bsd_fraction' then strpos(substr(line, 17), ' ') + 17
        when 'rfc3339' then strpos(line, ' ') + 1
        when 'iso' then strpos(substr(line, 12), ' ') + 12
        when 'tai64n' then 27
    end;

-- Where the text behind a header begins: head is what of the header belongs to it; Solaris puts a
-- message id before the text
create or replace temp macro text_start(cut_line, head) as
    case
        when head is not null then cut_line.text_start - length(head) - 2
        when contains(cut_line.line, ': [ID ')
            then cut_line.text_start + length(
                regexp_extract(
                    shown_rest(cut_line.line, cut_line.shown, cut_line.text_start),
                    '^\[ID \d+ \w+\.\w+\] '
                )
            )
        else cut_line.text_start
    end;

create or replace temp macro month_number(name) as
    (strpos('JanFebMarAprMayJunJulAugSepOctNovDec', name) + 2) // 3;

-- What journalctl writes between lines
create or replace temp macro journal_separator() as
    '^-- (?:(?:Logs begin|Journal begins) at .*|Boot \S+|Reboot|No entries) --$';
