-- One row per line of the batch, with its time, origin, queue id and kind; Dovecot's are read next
insert into lines by name
with dated as (
    select
        coalesce(cut_lines.line_key, batch.first_line_key + cut_lines.row_no) as line_key,
        cut_lines.line_key is null as is_new,
        cut_lines.part,
        cut_lines.line,
        case
            when known_headers.head is not null then known_headers.head || ': ' || cut_lines.text
            else cut_lines.text
        end as text,
        case
            when cut_lines.line_key is not null then cut_lines.known_at
            when cut_lines.style = 'bsd' then stamps.logged_at
            when cut_lines.style = 'tai64n' then tai64n_time(cut_lines.stamp)
            else try_cast(cut_lines.stamp as timestamptz)
        end as logged_at,
        known_headers.header_id,
        known_headers.host,
        known_headers.program,
        known_headers.pid,
        known_headers.daemon,
        known_headers.family,
        case
            when known_headers.family = 'postfix' then
                case
                    when starts_with(cut_lines.text, 'warning: ') then 'warning'
                    when starts_with(cut_lines.text, 'error: ') then 'error'
                    when starts_with(cut_lines.text, 'fatal: ') then 'fatal'
                    when starts_with(cut_lines.text, 'panic: ') then 'panic'
                end
        end as severity
    from cut_lines
    cross join batch
    left join stamps
        on
            cut_lines.stamp = stamps.stamp
            and cut_lines.row_no >= stamps.first_row_no
            and cut_lines.row_no <= stamps.last_row_no
    left join known_headers on cut_lines.header = known_headers.header
),

unified as (
    select
        * exclude (text),
        case when severity is not null then substr(text, length(severity) + 3) else text end as text
    from dated
),

headed as (
    select
        *,
        case when family = 'postfix' then strpos(text, ': ') end as colon,
        case when family = 'other' then foreign_queue_id(daemon, text) end as foreign_queue_id
    from unified
),

identified as (
    select
        *,
        case
            when colon between 7 and 44 and is_queue_id(substr(text, 1, colon - 1))
                then substr(text, 1, colon - 1)
            else foreign_queue_id
        end as queue_id
    from headed
),

bodied as (
    select
        *,
        case
            when family = 'postfix' and (queue_id is not null or starts_with(text, 'NOQUEUE: '))
                then substr(text, colon + 2)
            else text
        end as body
    from identified
)

select
    line_key,
    is_new,
    part,
    logged_at,
    host,
    program,
    pid,
    header_id,
    queue_id,
    case
        when family is null or family <> 'dovecot'
            then line_kind(family, daemon, severity, queue_id, body)
    end as kind,
    body,
    line
from bodied;
