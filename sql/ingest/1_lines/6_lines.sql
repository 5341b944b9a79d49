-- One row per line of the batch, with its time, origin, queue id and kind
insert into lines
with dated as (
    select
        coalesce(cut_lines.line_key, batch.first_line_key + cut_lines.row_no) as line_key,
        cut_lines.line_key is null as is_new,
        cut_lines.part,
        cut_lines.line,
        cut_lines.text,
        case
            when cut_lines.line_key is not null then cut_lines.known_at
            when cut_lines.style = 'bsd' then stamps.logged_at
            else try_cast(cut_lines.stamp as timestamptz)
        end as logged_at,
        headers.host,
        headers.program,
        headers.instance,
        headers.service,
        headers.pid,
        headers.daemon,
        headers.family,
        headers.is_dovecot_file,
        cut_lines.header,
        case
            when headers.family = 'postfix' then
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
    left join headers on cut_lines.header = headers.header
),

-- Dovecot's own log files: the process stands where syslog has the host, then the level
unified as (
    select
        * exclude (text, header),
        case
            when severity is not null then substr(text, length(severity) + 3)
            when is_dovecot_file
                then header || ': '
                || regexp_replace(text, '^(?:Debug|Info|Warning|Error|Fatal|Panic): ', '')
            else text
        end as text
    from dated
),

identified as (
    select
        *,
        case
            when family = 'postfix' and strpos(text, ': ') between 7 and 44
                then substr(text, 1, strpos(text, ': ') - 1)
            else ''
        end as word
    from unified
),

bodied as (
    select
        *,
        case when is_queue_id(word) then word end as queue_id,
        case
            when word = 'NOQUEUE' or is_queue_id(word) then substr(text, length(word) + 3)
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
    instance,
    service,
    pid,
    daemon,
    family,
    severity,
    queue_id,
    line_kind(family, daemon, severity, queue_id, body) as kind,
    body,
    line
from bodied;
