-- One row per line of the batch: style of its stamp, header and text
create or replace temp view cut_lines as
with shown as (
    select
        rowid - (select min(rowid) from batch_lines) as row_no,
        line,
        line_key,
        known_at,
        part,
        style,
        colon,
        unframed(line) as shown_line
    from batch_lines
),

started as (
    select
        *,
        case style
            when 'bsd' then 17
            when 'rfc3339' then strpos(shown_line, ' ') + 1
            when 'iso' then strpos(substr(shown_line, 12), ' ') + 12
            when 'tai64n' then 27
        end as header_start
    from shown
),

-- In a file of Dovecot's own a prefix that was taught stands in the place of the header
taught as (
    select
        *,
        case
            when has_prefixes() and header_start is not null then
                taught_text(
                    coalesce(line_key >> 32, (select file_key from batch)),
                    substr(shown_line, header_start)
                )
        end as taught_text
    from started
)

select
    row_no,
    line,
    line_key,
    known_at,
    part,
    style,
    substr(shown_line, 1, header_start - 2) as stamp,
    case
        when starts_with(taught_text, chr(31)) then ''
        when colon > header_start
            then substr(shown_line, header_start, colon - header_start)
    end as header,
    case
        when starts_with(taught_text, chr(31)) then taught_text
        when colon > header_start then untagged(substr(shown_line, colon + 2))
        when style is null then shown_line
        else substr(shown_line, header_start)
    end as text
from taught;
