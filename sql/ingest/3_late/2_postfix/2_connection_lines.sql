-- The connections of smtpd and qmqpd that are touched: a process serves one client at a time, and a
-- connect line begins a connection, whatever comes before it
create or replace temp table connection_lines_again as
with touched as (
    select
        line_key,
        host,
        program,
        pid,
        position,
        false as is_stored
    from touching_lines
    where daemon in ('smtpd', 'qmqpd')
),

changed as (
    select
        line_key,
        host,
        program,
        pid
    from queue_lines_again
    where is_changed and program_daemon(program) in ('smtpd', 'qmqpd')
),

serving_processes as (
    select
        host,
        program,
        pid
    from touched
    union
    select
        host,
        program,
        pid
    from changed
),

-- Only what equals is compared while lines are read
of_pids as (
    select * from stored_lines
    where pid in (select pid from serving_processes)
    union all
    select * from stored_lines
    where pid is null and program in (select program from serving_processes where pid is null)
),

events as (
    select
        of_pids.line_key,
        of_pids.host,
        of_pids.program,
        of_pids.pid,
        of_pids.position,
        true as is_stored,
        is_connect(of_pids.kind) as is_connect
    from of_pids
    semi join serving_processes
        on
            of_pids.host is not distinct from serving_processes.host
            and of_pids.program = serving_processes.program
            and of_pids.pid is not distinct from serving_processes.pid
    union all
    select
        *,
        false as is_connect
    from touched
),

stretched as (
    select
        *,
        count(*) filter (where is_connect) over (
            partition by host, program, pid
            order by position
        ) as stretch,
        max(position) filter (where is_connect) over (
            partition by host, program, pid
        ) as last_connect
    from events
),

judged as (
    select
        *,
        min(position) filter (where not is_stored) over of_stretch as first_position,
        bool_or(not is_stored or line_key in (select line_key from changed)) over of_stretch
            as is_at_hand
    from stretched
    window of_stretch as (partition by host, program, pid, stretch)
)

select
    *,
    coalesce(position > first_position, false) as is_changed
from judged
where is_at_hand and is_stored;

insert into lines_changed_again
select line_key from connection_lines_again
where is_changed;

insert into parts_again
select
    line_key,
    'connection' as part
from connection_lines_again;

insert into last_connects
select distinct
    host,
    program,
    pid,
    last_connect as position
from connection_lines_again
where last_connect is not null;
