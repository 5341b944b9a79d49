-- One row per line that was read: style of its stamp, its header, and where its text begins; shown is
-- what these stand in, if it is not the line itself; of a line that says how often a text came, that text
create or replace temp table batch_lines as
with freed as (
    select
        *,
        -- Lines of the batch have no key yet, and are all read alike
        coalesce(line_key, getvariable('first_loaded_key')) as place_key,
        plain_style(line) as plain_style
    from read_lines
),

bare as (
    select
        *,
        case when has_prefixes() and plain_style is null then stamp_style(line) end as bare_style
    from freed
),

looked_at as (
    select
        * exclude (bare_style),
        case
            when plain_style is not null then false
            when has_prefixes() and begins_as_taught(place_key, line, bare_style) then false
            else is_wrapped(line)
        end as is_wrapped
    from bare
),

unwrapped as (
    select
        *,
        -- Of a line that came in pieces; no piece is a line of its own
        case
            when is_wrapped and (whole_line is null or whole_line <> '')
                then unframed(coalesce(whole_line, line))
        end as unframed
    from looked_at
),

-- Blanks at the end mean nothing: some receivers leave them out
stripped as (
    select
        * exclude (unframed),
        case
            when ends_with(coalesce(unframed, line), ' ') then rtrim(coalesce(unframed, line))
            else unframed
        end as unframed
    from unwrapped
),

framed as (
    select
        *,
        coalesce(unframed, line) as shown_line
    from stripped
),

styled as (
    select
        * exclude (plain_style),
        coalesce(plain_style, stamp_style(shown_line)) as style,
        colon_place(shown_line) as colon
    from framed
),

-- Almost no line ends so
repeated as (
    select
        *,
        case
            when ends_with(shown_line, ']') and contains(shown_line, ': message repeated ')
                then regexp_extract(
                    substr(shown_line, colon + 2), repeated_text(), ['count', 'blank', 'text']
                )
        end as repeat
    from styled
),

released as (
    select
        * exclude (repeat, unframed, shown_line),
        try_cast(repeat.count as integer) as repeat_count,
        strlen(repeat.blank) + line_bytes(repeat.text) >= repeated_text_limit() as is_repeat_cut,
        case
            when repeat.count <> '' then substr(shown_line, 1, colon + 1) || trimmed(repeat.text)
            else unframed
        end as unframed,
        case
            when repeat.count <> '' then substr(shown_line, 1, colon + 1) || trimmed(repeat.text)
            else shown_line
        end as shown_line
    from repeated
),

started as (
    select
        *,
        coalesce(
            header_start(style, shown_line), case when is_header_first(shown_line) then 1 end
        ) as header_start
    from released
),

-- In a file of Dovecot's own a prefix that was taught stands in the place of the header
taught as (
    select
        *,
        case
            when has_prefixes() and header_start is not null then
                taught_text(place_key, substr(shown_line, header_start))
        end as taught_text
    from started
)

select
    line,
    line_key,
    place_key,
    known_at,
    -- What a line that names no host is of
    case when line_key is null then (select default_host from batch) else known_host end
        as default_host,
    part,
    repeat_count,
    coalesce(is_repeat_cut, false) as is_cut,
    coalesce(whole_line = '', false) as is_piece,
    is_wrapped,
    style,
    -- A stamp ends before the header
    substr(shown_line, 1, header_start - 2) as stamp,
    case
        when starts_with(taught_text, chr(31)) then ''
        when colon > header_start
            then shown_part(line, unframed, header_start, colon - header_start)
    end as header,
    case when starts_with(taught_text, chr(31)) then taught_text else unframed end as shown,
    case
        when starts_with(taught_text, chr(31)) then 1
        when colon > header_start then colon + 2
        else coalesce(header_start, 1)
    end as text_start
from taught;
