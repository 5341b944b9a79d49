-- Which line each of them is about: where it holds no text, the one before it of that host, and of that
-- process where one is named, not longer than a day ago
delete from line_repeats
where repeat_key in (select repeat_key from repeats_again);

insert into line_repeats by name
select * exclude (counted_key, is_gone) from repeats_again
where not is_gone;

-- As constants they keep the engine from reading anything, where there is nothing to find
set variable first_repeated_at = (
    select min(logged_at) - session_silence() from repeats_again
    where line_key is null
);

set variable last_repeated_at = (
    select max(logged_at) from repeats_again
    where line_key is null
);

update line_repeats
set line_key = found.line_key
from (
    with candidates as (
        select
            raw_lines.line_key,
            raw_lines.logged_at,
            coalesce(raw_lines.host, '') as host,
            raw_lines.program,
            coalesce(raw_lines.pid, -1) as pid,
            line_position(raw_lines.logged_at, file_ranks.file_rank, raw_lines.line_key)
                as position
        from raw_lines
        left join file_ranks on raw_lines.line_key >> 32 = file_ranks.file_key
        semi join repeats_again on coalesce(raw_lines.host, '') = coalesce(repeats_again.host, '')
        anti join line_repeats
            on
                raw_lines.line_key = line_repeats.repeat_key
                and line_repeats.line_key is distinct from line_repeats.repeat_key
        where
            raw_lines.copy_of is null
            and raw_lines.logged_at
            between getvariable('first_repeated_at') and getvariable('last_repeated_at')
    ),

    sought as (
        select
            repeats_again.repeat_key,
            repeats_again.logged_at,
            coalesce(repeats_again.host, '') as host,
            repeats_again.program,
            coalesce(repeats_again.pid, -1) as pid,
            line_position(
                repeats_again.logged_at, file_ranks.file_rank, repeats_again.repeat_key
            ) as position
        from repeats_again
        left join file_ranks on repeats_again.repeat_key >> 32 = file_ranks.file_key
        where repeats_again.line_key is null and not repeats_again.is_gone
    )

    select
        of_hosts.repeat_key,
        of_hosts.logged_at,
        candidates.line_key,
        candidates.logged_at as line_at
    from (select * from sought where program is null) as of_hosts
    asof inner join candidates
        on of_hosts.host = candidates.host and of_hosts.position > candidates.position
    union all
    select
        of_processes.repeat_key,
        of_processes.logged_at,
        candidates.line_key,
        candidates.logged_at as line_at
    from (select * from sought where program is not null) as of_processes
    asof inner join candidates
        on
            of_processes.host = candidates.host
            and of_processes.program = candidates.program
            and of_processes.pid = candidates.pid
            and of_processes.position > candidates.position
) as found
where
    line_repeats.repeat_key = found.repeat_key
    and found.line_at >= found.logged_at - session_silence();
