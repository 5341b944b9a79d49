-- One row per line of the contested seconds, with what it says of which process
create or replace temp table tellings as
with told as (
    select
        line_key,
        false as is_stored,
        null::bigint as copy_of,
        logged_at,
        host,
        program,
        pid,
        kind = 'unknown' as is_unknown,
        line
    from lines
    where is_new and logged_at is not null
    union all
    select
        line_key,
        true as is_stored,
        copy_of,
        logged_at,
        host,
        program,
        pid,
        kind = 'unknown' as is_unknown,
        line
    from raw_lines
    where
        logged_at >= getvariable('first_touched_moment')
        and logged_at < getvariable('last_touched_moment') + interval 1 second
),

contested as (
    select
        told.* exclude (host, line),
        seconds.second_id,
        coalesce(unframed(told.line), told.line) as shown
    from told
    inner join contested_seconds as seconds
        on
            told.host is not distinct from seconds.host
            and second_of(told.logged_at) = seconds.epoch_second
),

worded as (
    select
        * exclude (shown),
        stamp_digits(shown) as digits,
        plain_text(headless_text(shown, program)) as text
    from contested
)

select
    line_key,
    line_key >> 32 as file_key,
    is_stored,
    false as is_borrowed,
    copy_of,
    second_id,
    logged_at,
    digits,
    is_unknown,
    times_said(text) as times,
    -- RFC 5424 may have cut a program at its slash
    md5_number(program_instance(coalesce(program, '')) || ': ' || said_once(text)) as text_hash,
    -- Dovecot's is that of its log, where it has any
    case
        when pid is null or program_family(program) = 'dovecot' then -1
        else pid
    end as pid
from worded;

-- What one receiver writes without a process is compared without those that others write
update tellings
set pid = -1
from (
    select distinct
        second_id,
        text_hash
    from tellings
    where pid = -1
) as nameless
where
    tellings.second_id = nameless.second_id
    and tellings.text_hash = nameless.text_hash
    and tellings.pid <> -1;
