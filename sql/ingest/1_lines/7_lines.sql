-- One row per line of the batch, with its time, origin, queue id and kind
insert into lines by name
with dated as (
    select
        cut_lines.line_key,
        cut_lines.row_no,
        cut_lines.part,
        cut_lines.line,
        cut_lines.shown,
        cut_lines.repeat_count,
        cut_lines.is_cut,
        cut_lines.header = '(text)' as is_unnamed,
        cut_lines.is_piece,
        text_start(cut_lines, known_headers.head) as text_start,
        case
            when cut_lines.line_key is not null then cut_lines.known_at
            when cut_lines.style in ('bsd', 'bsd_fraction') then stamps.logged_at
            when cut_lines.style = 'tai64n' then tai64n_time(cut_lines.stamp)
            else sensible_time(cut_lines.stamp)
        end as logged_at,
        known_headers.header_id,
        known_headers.host,
        known_headers.program,
        known_headers.pid,
        known_headers.daemon,
        known_headers.family,
        dovecot_texts.kind as dovecot_kind,
        dovecot_texts.speaker,
        dovecot_texts.body as dovecot_body,
        foreign_ids.queue_id as foreign_id
    from cut_lines
    left join stamps
        on
            cut_lines.stamp = stamps.stamp
            and cut_lines.row_no >= stamps.first_row_no
            and cut_lines.row_no <= stamps.last_row_no
    left join known_headers
        on
            cut_lines.header = known_headers.header
            and cut_lines.default_host is not distinct from known_headers.default_host
    left join dovecot_texts on cut_lines.row_no = dovecot_texts.row_no
    left join foreign_ids on cut_lines.row_no = foreign_ids.row_no
),

-- A severity, a queue id and what follows them are found in the first characters
begun as (
    select
        * exclude (family, is_unnamed),
        -- In a wrapping that is not known, or that names no program, they are nobody else's
        case
            when is_unnamed or is_piece then null
            when family <> 'other' then family
            when not shows_mail_system(line) or quotes_others(daemon) then family
        end as family,
        case
            when family = 'postfix' and not is_queue_scanner(daemon)
                then shown_part(line, shown, text_start, 60)
        end as beginning
    from dated
),

judged as (
    select
        *,
        case
            when starts_with(beginning, 'warning: ') then 'warning'
            when starts_with(beginning, 'error: ') then 'error'
            when starts_with(beginning, 'fatal: ') then 'fatal'
            when starts_with(beginning, 'panic: ') then 'panic'
        end as severity
    from begun
),

unified as (
    select
        * exclude (beginning, text_start),
        case
            when severity is not null then substr(beginning, length(severity) + 3)
            else beginning
        end as beginning,
        case
            when severity is not null then text_start + length(severity) + 2
            else text_start
        end as text_start
    from judged
),

headed as (
    select
        *,
        colon_place(beginning) as colon
    from unified
),

identified as (
    select
        *,
        case
            when colon between 7 and 44 and is_queue_id(substr(beginning, 1, colon - 1))
                then substr(beginning, 1, colon - 1)
            when family = 'other' or is_queue_scanner(daemon) then foreign_id
        end as queue_id
    from headed
),

bodied as (
    select
        *,
        case
            when family = 'dovecot' then dovecot_body
            when
                beginning is not null
                and (queue_id is not null or starts_with(beginning, 'NOQUEUE: '))
                then shown_rest(line, shown, text_start + colon + 1)
            else shown_rest(line, shown, text_start)
        end as body,
        -- Postfix cuts its text, queue id and all but the severity, at 2,000 bytes
        case
            when is_cut then true
            when family = 'postfix' and strlen(line) >= 2000
                then strlen(shown_rest(line, shown, text_start))
                    + strlen(line) - strlen(trimmed(line)) >= 2000
            else false
        end as may_be_cut
    from identified
)

select
    coalesce(line_key, loaded_key(row_no)) as line_key,
    line_key is null as is_new,
    part,
    logged_at,
    host,
    program,
    pid,
    header_id,
    queue_id,
    -- A byte is compared faster than a word
    case
        when is_piece then 'line_piece'::kind_name
        when family = 'dovecot' then dovecot_kind
        when is_queue_scanner(daemon)
            then case
                when is_queue_id(requeued_ids(body).new) then 'queue_filtered'
                else 'foreign'
            end::kind_name
        when family = 'postfix'
            then coalesce(
                -- What the pages of sql/forms say (loader/kinds.py)
                postfix_kind(daemon, severity, queue_id, body), 'unknown'
            )::kind_name
        when family = 'other'
            then case
                when tells_of_losses(daemon, body) then 'lines_lost'
                else coalesce(filters_kind(daemon, body), 'foreign')
            end::kind_name
        when regexp_matches(body, last_repeated_text()) then 'lines_repeated'::kind_name
        when regexp_matches(body, journal_separator()) then 'journal_separator'::kind_name
        else 'unknown'::kind_name
    end as kind,
    speaker,
    body,
    may_be_cut,
    repeat_count,
    line
from bodied;
