-- One row per line about a repetition that must be counted: new ones, those behind new lines of their
-- host, those of rows that may have been stored again, and those of lines that are taken out
-- Mar 10 18:59:59 mx1 postfix/smtpd[77]: message repeated 3 times: [ warning: unknown[203.0.113.8]: SASL LOGIN authentication failed: UGFzc3dvcmQ6]
-- Mar 10 19:02:09 mx1 last message repeated 4 times
create or replace temp table repeats_again as
with new_repeats as (
    select
        line_key as repeat_key,
        logged_at,
        host,
        program,
        pid,
        case when kind <> 'lines_repeated' then repeat_count - 1 end as added_count,
        case when kind = 'lines_repeated' then body end as body
    from lines
    where is_new and (kind = 'lines_repeated' or (repeat_count is not null and kind <> 'foreign'))
),

new_ends as (
    select
        headers.host,
        min(line_starts.moment) as moment
    from (
        select
            header_id,
            min(moment(logged_at)) as moment
        from lines
        where is_new
        group by header_id
    ) as line_starts
    inner join headers on line_starts.header_id = headers.header_id
    group by headers.host
),

known_keys as (
    select line_repeats.repeat_key from line_repeats
    semi join work_lines on line_repeats.line_key = work_lines.line_key
    union
    select line_repeats.repeat_key from line_repeats
    semi join removed_lines on line_repeats.line_key = removed_lines.line_key
    union
    select line_repeats.repeat_key from line_repeats
    semi join removed_lines on line_repeats.repeat_key = removed_lines.line_key
    union
    select line_repeats.repeat_key from line_repeats
    inner join new_ends on line_repeats.host is not distinct from new_ends.host
    where
        line_repeats.repeat_key is distinct from line_repeats.line_key
        and moment(line_repeats.logged_at) >= new_ends.moment
)

select
    repeat_key,
    logged_at,
    coalesce(host, nullif(regexp_extract(body, '^(\S+) +last message ', 1), '')) as host,
    program,
    pid,
    coalesce(added_count, try_cast(regexp_extract(body, last_repeated_text(), 1) as integer))
        as repeat_count,
    case when body is null then repeat_key end as line_key,
    null::bigint as counted_key,
    false as is_gone
from new_repeats
where body is null or regexp_matches(body, last_repeated_text())
union all
select
    line_repeats.repeat_key,
    line_repeats.logged_at,
    line_repeats.host,
    line_repeats.program,
    line_repeats.pid,
    line_repeats.repeat_count,
    case when line_repeats.line_key = line_repeats.repeat_key then line_repeats.line_key end
        as line_key,
    line_repeats.line_key as counted_key,
    line_repeats.repeat_key in (select line_key from removed_lines) as is_gone
from line_repeats
semi join known_keys on line_repeats.repeat_key = known_keys.repeat_key;
