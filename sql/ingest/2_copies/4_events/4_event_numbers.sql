-- One row per text of a process in a contested second that may be of several events, or is summed up
create or replace temp table several_events as
with texts as (
    select
        second_id,
        text_hash,
        pid
    from tellings
    group by second_id, text_hash, pid
    having
        -- Most are told once by one or two streams
        count(*) > 2
        or max(times) > 1
        or (count(*) > 1 and (min(file_key) = max(file_key) or min(logged_at) < max(logged_at)))
),

of_streams as (
    select
        tellings.second_id,
        tellings.text_hash,
        tellings.pid,
        tellings.file_key,
        count(*) as line_count,
        max(times) as times,
        min(digits) as digits,
        min(logged_at) filter (where digits = 6) as first_at,
        max(logged_at) filter (where digits = 6) as last_at,
        min(epoch_us(logged_at) // 1000) filter (where digits > 0) as first_millisecond,
        max(epoch_us(logged_at) // 1000) filter (where digits > 0) as last_millisecond
    from tellings
    semi join texts
        on
            tellings.second_id = texts.second_id
            and tellings.text_hash = texts.text_hash
            and tellings.pid = texts.pid
    group by tellings.second_id, tellings.text_hash, tellings.pid, tellings.file_key
)

select
    second_id,
    text_hash,
    pid,
    max(times) > 1 as is_summed_up,
    min(digits) = 6 as is_fine
from of_streams
group by second_id, text_hash, pid
having
    max(line_count) > 1
    or max(times) > 1
    or min(first_at) < max(last_at)
    or min(first_millisecond) < max(last_millisecond);

-- One row per line of these, with the number of its event in the second. A stamp has as many events as
-- one stream has lines of it, or half as many if it has all twice; a coarser one those of the finer ones in it, or more if a stream that
-- knows no finer ones has more lines. The n-th line of each stream is the n-th event
create or replace temp table event_numbers as
with placed as (
    select
        tellings.line_key,
        tellings.file_key,
        tellings.is_borrowed,
        tellings.second_id,
        tellings.text_hash,
        tellings.pid,
        tellings.digits,
        case when tellings.digits > 0 then epoch_us(tellings.logged_at) // 1000 end
            as millisecond,
        case when tellings.digits = 6 then tellings.logged_at end as microsecond
    from tellings
    inner join several_events as several
        on
            tellings.second_id = several.second_id
            and tellings.text_hash = several.text_hash
            and tellings.pid = several.pid
    where not several.is_summed_up
),

doubled as (
    select file_key from log_files
    where is_once
    union
    select file_key from batch
    where is_once
),

numbered as (
    select
        *,
        (
            row_number() over (
                partition by
                    second_id, text_hash, pid, digits, millisecond, microsecond, file_key
                order by is_borrowed desc, line_key asc
            )
            + (file_key in (from doubled))::integer
        ) // (1 + (file_key in (from doubled))::integer) as number
    from placed
),

microseconds as (
    select
        second_id,
        text_hash,
        pid,
        millisecond,
        microsecond,
        max(number) as event_count
    from numbered
    where digits = 6
    group by all
),

microsecond_places as (
    select
        *,
        sum(event_count) over (
            partition by second_id, text_hash, pid, millisecond
            order by microsecond
        ) - event_count as events_before
    from microseconds
),

told_milliseconds as (
    select
        second_id,
        text_hash,
        pid,
        millisecond,
        sum(event_count) as event_count
    from microseconds
    group by all
    union all
    select
        second_id,
        text_hash,
        pid,
        millisecond,
        max(number) as event_count
    from numbered
    where digits = 3
    group by all
),

milliseconds as (
    select
        second_id,
        text_hash,
        pid,
        millisecond,
        max(event_count) as event_count
    from told_milliseconds
    group by all
),

millisecond_places as (
    select
        *,
        sum(event_count) over (
            partition by second_id, text_hash, pid
            order by millisecond
        ) - event_count as events_before
    from milliseconds
)

select
    numbered.line_key,
    numbered.file_key,
    (
        numbered.number
        + coalesce(millisecond_places.events_before, 0)
        + coalesce(microsecond_places.events_before, 0)
    )::bigint as event_no
from numbered
left join millisecond_places
    on
        numbered.second_id = millisecond_places.second_id
        and numbered.text_hash = millisecond_places.text_hash
        and numbered.pid = millisecond_places.pid
        and numbered.millisecond = millisecond_places.millisecond
left join microsecond_places
    on
        numbered.second_id = microsecond_places.second_id
        and numbered.text_hash = microsecond_places.text_hash
        and numbered.pid = microsecond_places.pid
        and numbered.microsecond = microsecond_places.microsecond;
