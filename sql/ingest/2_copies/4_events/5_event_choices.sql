-- One row per line of the contested seconds: the line that counts in its place, NULL where it counts
-- itself
insert into copy_choices by name
with summed_up as (
    select
        tellings.line_key,
        tellings.file_key,
        tellings.second_id,
        tellings.text_hash,
        tellings.pid,
        tellings.times,
        -- Stamps of microseconds tell events apart
        case when several.is_fine then epoch_us(tellings.logged_at) % 1000000 else 0 end + 1
            as event_no
    from tellings
    inner join several_events as several
        on
            tellings.second_id = several.second_id
            and tellings.text_hash = several.text_hash
            and tellings.pid = several.pid
    where several.is_summed_up
),

sums as (
    select
        summed_up.second_id,
        summed_up.text_hash,
        summed_up.pid,
        summed_up.event_no,
        summed_up.file_key,
        row_number() over (
            partition by
                summed_up.second_id, summed_up.text_hash, summed_up.pid, summed_up.event_no
            order by sum(summed_up.times) desc, any_value(told_seconds.place)
        ) as place
    from summed_up
    inner join told_seconds
        on
            summed_up.second_id = told_seconds.second_id
            and summed_up.file_key = told_seconds.file_key
    group by
        summed_up.second_id,
        summed_up.text_hash,
        summed_up.pid,
        summed_up.event_no,
        summed_up.file_key
),

events as (
    select
        tellings.*,
        coalesce(event_numbers.event_no, summed_up.event_no, 1) as event_no,
        sums.place is not null as is_summed_up,
        coalesce(sums.place, told_seconds.place) as place
    from tellings
    inner join told_seconds
        on
            tellings.second_id = told_seconds.second_id
            and tellings.file_key = told_seconds.file_key
    left join event_numbers
        on
            tellings.line_key = event_numbers.line_key
            and tellings.file_key = event_numbers.file_key
    left join summed_up
        on
            tellings.line_key = summed_up.line_key
            and tellings.file_key = summed_up.file_key
    left join sums
        on
            summed_up.second_id = sums.second_id
            and summed_up.text_hash = sums.text_hash
            and summed_up.pid = sums.pid
            and summed_up.event_no = sums.event_no
            and summed_up.file_key = sums.file_key
),

counting as (
    select
        second_id,
        text_hash,
        pid,
        event_no,
        min(place) as place,
        arg_min(line_key, (place << 32) + (line_key & 4294967295)) as line_key
    from events
    group by second_id, text_hash, pid, event_no
),

judged as (
    select
        events.*,
        events.place = counting.place
        and (events.is_summed_up or events.line_key = counting.line_key) as is_counting,
        counting.line_key as counting_key
    from events
    inner join counting
        on
            events.second_id = counting.second_id
            and events.text_hash = counting.text_hash
            and events.pid = counting.pid
            and events.event_no = counting.event_no
)

select
    line_key,
    is_stored,
    copy_of as stored_copy_of,
    case
        when
            not is_counting
            and line_key not in (
                select line_key from judged
                where is_borrowed and is_counting
            )
            then counting_key
    end as copy_of
from judged
where not is_borrowed;
