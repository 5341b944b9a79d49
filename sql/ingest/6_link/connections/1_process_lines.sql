-- One row per line of smtpd or qmqpd in a connection, with the line that it seems to begin at
create or replace temp table process_lines as
with serving_processes as (
    select header_id from processes
    where family = 'postfix' and daemon in ('smtpd', 'qmqpd')
),

gathered as (
    select
        line_key,
        kind,
        logged_at,
        header_id,
        not is_new as is_stored
    from changed_lines
    union all
    select
        line_key,
        kind,
        logged_at,
        header_id,
        true as is_stored
    from earlier_lines
    where part = 'connection'
),

events as (
    select
        gathered.* exclude (logged_at),
        moment(gathered.logged_at) as moment,
        line_position(gathered.logged_at, file_ranks.file_rank, gathered.line_key) as position
    from gathered
    left join file_ranks on gathered.line_key >> 32 = file_ranks.file_key
    semi join serving_processes on gathered.header_id = serving_processes.header_id
),

-- An smtpd process serves one client at a time: where the last line that named a client was no
-- end and not long ago, its connection goes on
followed as (
    select
        *,
        names_client(kind) as is_named,
        coalesce(
            not is_disconnect(
                last_value(case when names_client(kind) then kind end ignore nulls) over earlier
            )
            and moment - max(moment) filter (where names_client(kind)) over earlier
            <= session_silence(),
            false
        ) as is_connected
    from events
    window earlier as (
        partition by header_id
        order by position
        rows between unbounded preceding and 1 preceding
    )
),

keyed as (
    select
        *,
        last_value(
            case
                when is_named and (is_connect(kind) or not is_connected) then line_key
            end ignore nulls
        ) over (
            partition by header_id
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
    header_id,
    is_stored
from keyed
where is_named or is_connected;
