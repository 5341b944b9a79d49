-- One row per smtpd line of a connection, with the connection that it belongs to
create or replace temp table connection_lines as
with events as (
    select
        changed_lines.line_key,
        changed_lines.kind,
        moment(changed_lines.logged_at) as moment,
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
        moment(earlier_lines.logged_at) as moment,
        hash(earlier_lines.host, earlier_lines.program, earlier_lines.pid) as process,
        line_position(earlier_lines.logged_at, file_ranks.file_rank, earlier_lines.line_key)
            as position,
        true as is_stored
    from earlier_lines
    inner join file_ranks on earlier_lines.line_key >> 32 = file_ranks.file_key
    where earlier_lines.part = 'connection'
),

-- An smtpd process serves one client at a time: where the last line that named a client was no
-- end and not long ago, its connection goes on
followed as (
    select
        *,
        names_client(kind) as is_named,
        coalesce(
            last_value(case when names_client(kind) then kind end ignore nulls) over earlier
            <> 'smtpd_disconnect'
            and moment - max(moment) filter (where names_client(kind)) over earlier
            <= session_silence(),
            false
        ) as is_connected
    from events
    window earlier as (
        partition by process
        order by position
        rows between unbounded preceding and 1 preceding
    )
),

keyed as (
    select
        *,
        last_value(
            case
                when is_named and (kind = 'smtpd_connect' or not is_connected) then line_key
            end ignore nulls
        ) over (
            partition by process
            order by position
            rows between unbounded preceding and current row
        ) as connection_key
    from followed
)

select
    line_key,
    connection_key,
    kind,
    moment,
    position,
    process,
    is_stored
from keyed
where is_named or is_connected;
