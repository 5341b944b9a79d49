-- One row per smtpd line that belongs to a connection
create or replace temp table connection_lines as
with events as (
    select
        changed_lines.line_key,
        changed_lines.kind,
        changed_lines.logged_at,
        hash(changed_lines.host, changed_lines.program, changed_lines.pid) as process,
        line_position(changed_lines.logged_at, file_ranks.file_rank, changed_lines.line_key)
            as position,
        not changed_lines.is_new as is_stored
    from changed_lines
    inner join file_ranks on changed_lines.line_key >> 32 = file_ranks.file_key
    where changed_lines.family = 'postfix' and changed_lines.daemon = 'smtpd'
    union all
    select
        earlier_lines.line_key,
        earlier_lines.kind,
        earlier_lines.logged_at,
        hash(earlier_lines.host, earlier_lines.program, earlier_lines.pid) as process,
        line_position(earlier_lines.logged_at, file_ranks.file_rank, earlier_lines.line_key)
            as position,
        true as is_stored
    from earlier_lines
    inner join file_ranks on earlier_lines.line_key >> 32 = file_ranks.file_key
    where earlier_lines.part = 'connection'
),

-- An smtpd process serves one client at a time
marked as (
    select
        *,
        kind = 'smtpd_connect'
        or lag(kind) over lines_of_process is null
        or lag(kind) over lines_of_process = 'smtpd_disconnect'
        or moment(logged_at) - moment(lag(logged_at) over lines_of_process) > session_silence()
            as is_first
    from events
    window lines_of_process as (partition by process order by position)
),

keyed as (
    select
        *,
        last_value(case when is_first then line_key end ignore nulls) over (
            partition by process
            order by position
            rows between unbounded preceding and current row
        ) as connection_key,
        lead(is_first) over (partition by process order by position) is null as is_last_of_process
    from marked
)

select
    line_key,
    connection_key,
    kind,
    logged_at,
    position,
    process,
    is_stored
from keyed;
