-- One row per line at hand that is a piece of one: the line as a whole at its last piece, else nothing
create or replace temp table line_pieces as
with at_hand as (
    select
        rowid as row_id,
        coalesce(
            line_key,
            loaded_key(rowid - (select min(rowid) from batch_lines))
        ) as place,
        line
    from batch_lines
    where is_wrapped and piece_stream(line) <> ''
),

parted as (
    select
        place,
        case
            when place - lag(place) over (order by place) <= piece_reach() then 0
            else 1
        end as is_first
    from at_hand
),

numbered as (
    select
        place,
        sum(is_first) over (order by place) as stretch_no
    from parted
),

stretches as (
    select
        min(place) - piece_reach() as first_place,
        max(place) as last_place
    from numbered
    group by stretch_no
),

-- The first piece that is stored, of each stream of the logs at hand
first_pieces as (
    select
        line_key >> 32 as file_key,
        piece_stream(line) as stream,
        min(line_key) as place
    from raw_lines
    where kind = 'line_piece' and line_key >> 32 in (select place >> 32 from at_hand)
    group by all
),

lines_around as (
    select * from at_hand
    union all
    select
        null as row_id,
        raw_lines.line_key as place,
        raw_lines.line
    from raw_lines
    inner join stretches
        on raw_lines.line_key between stretches.first_place and stretches.last_place
    anti join at_hand on raw_lines.line_key = at_hand.place
    where piece_stream(raw_lines.line) <> ''
),

followed as (
    select
        *,
        goes_on(line) as goes_on,
        lag(place) over in_stream as place_before,
        lag(goes_on(line)) over in_stream as went_on,
        min(case when goes_on(line) then place end) over in_stream as first_piece_at_hand
    from lines_around
    window in_stream as (partition by place >> 32, piece_stream(line) order by place)
),

judged as (
    select
        followed.*,
        coalesce(
            followed.went_on and followed.place - followed.place_before <= piece_reach(), false
        ) as follows,
        -- What stands before it is too far away to be looked for, and may have gone on in it
        least(followed.first_piece_at_hand, first_pieces.place) < followed.place
        and coalesce(followed.place - followed.place_before > piece_reach(), true)
            as may_follow
    from followed
    left join first_pieces
        on
            followed.place >> 32 = first_pieces.file_key
            and piece_stream(followed.line) = first_pieces.stream
),

counted as (
    select
        *,
        sum(case when follows then 0 else 1 end)
            over (partition by place >> 32, piece_stream(line) order by place) as line_no
    from judged
),

-- The first piece is one if a line of its stream stands before it within reach, or nothing does
whole as (
    select
        max(place) as place,
        min(place) as first_place,
        arg_min(place_before, place) as place_before,
        -- As CRI would write it
        regexp_extract(arg_min(line, place), '^(?:\{.*"time":")?([^" ]+)', 1)
        || ' stdout F ' as head,
        string_agg(piece_text(line), '' order by place) as text
    from counted
    group by place >> 32, piece_stream(line), line_no
    having count(*) between 2 and 16
)

select
    counted.row_id,
    case
        when
            counted.goes_on
            or counted.may_follow
            or counted.place - whole.first_place > piece_reach()
            or not coalesce(
                counted.place - whole.place_before <= piece_reach(),
                (counted.place & 4294967295) <= piece_reach()
            )
            then ''
        else coalesce(whole.head || whole.text, '')
    end as whole_line
from counted
left join whole on counted.place = whole.place
where
    counted.row_id is not null
    and (counted.goes_on or counted.follows or counted.may_follow);

-- The lines at hand, with the whole line in the place of its last piece
create or replace temp table whole_lines as
select
    batch_lines.line,
    batch_lines.line_key,
    batch_lines.known_at,
    batch_lines.default_host as known_host,
    batch_lines.part,
    line_pieces.whole_line
from batch_lines
left join line_pieces on batch_lines.rowid = line_pieces.row_id
order by batch_lines.rowid;

-- They are read in the place of the others
create or replace temp view read_lines as
select * from whole_lines;
