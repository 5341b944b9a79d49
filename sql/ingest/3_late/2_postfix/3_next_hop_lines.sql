-- What delivery agents tell of their connections, and the records that it belongs to: a record has
-- the encryption that its process told last, and the failed connections since the record before it
create or replace temp table next_hop_lines_again as
with touched as (
    select
        line_key,
        host,
        program,
        pid,
        kind,
        moment,
        position,
        is_gone,
        false as is_stored
    from touching_lines
    where kind in ('smtp_tls', 'smtp_connect_failure', 'delivery')
),

at_hand as (
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
    from queue_lines_again
    where is_changed and kind = 'delivery'
),

telling as (
    select
        host,
        program,
        pid
    from touched
    where kind <> 'delivery'
    union
    select
        host,
        program,
        pid
    from stored_lines
    where
        kind in ('smtp_tls', 'smtp_connect_failure')
        and (pid in (select pid from at_hand where pid is not null) or pid is null)
),

-- Records of agents that tell nothing of their connections are what they were
agents as (
    select at_hand.*
    from at_hand
    semi join telling
        on
            at_hand.host is not distinct from telling.host
            and at_hand.program = telling.program
            and at_hand.pid is not distinct from telling.pid
),

-- Only what equals is compared while lines are read
of_pids as (
    select * from stored_lines
    where pid in (select pid from agents)
    union all
    select * from stored_lines
    where pid is null and program in (select program from agents where pid is null)
),

events as (
    select
        of_pids.line_key,
        of_pids.host,
        of_pids.program,
        of_pids.pid,
        of_pids.kind::kind_name as kind,
        of_pids.moment,
        of_pids.position,
        false as is_gone,
        true as is_stored
    from of_pids
    semi join agents
        on
            of_pids.host is not distinct from agents.host
            and of_pids.program = agents.program
            and of_pids.pid is not distinct from agents.pid
    where of_pids.kind in ('smtp_tls', 'smtp_connect_failure', 'delivery')
    union all
    select touched.* from touched
    semi join agents
        on
            touched.host is not distinct from agents.host
            and touched.program = agents.program
            and touched.pid is not distinct from agents.pid
),

followed as (
    select
        *,
        last_value(
            case when kind = 'smtp_tls' then {'is_stored': is_stored, 'moment': moment} end
            ignore nulls
        ) over before as encryption,
        last_value(case when kind = 'smtp_tls' and not is_gone then line_key end ignore nulls)
            over before as encryption_key,
        max(position) filter (where kind = 'delivery' and is_stored) over before
            as record_position,
        max({'position': position, 'moment': moment}) filter (
            where kind <> 'smtp_tls' and not is_stored
        ) over before as touched,
        min(position) filter (where kind = 'delivery' and not is_gone) over behind
            as next_record_position,
        min(position) filter (where kind = 'delivery' and is_gone) over behind
            as next_gone_position
    from events
    window
        before as (
            partition by host, program, pid
            order by position
            rows between unbounded preceding and 1 preceding
        ),
        behind as (
            partition by host, program, pid
            order by position
            rows between 1 following and unbounded following
        )
)

select
    line_key,
    host,
    program,
    pid,
    kind,
    position,
    is_stored,
    next_record_position,
    coalesce(next_gone_position < coalesce(next_record_position, next_gone_position + 1), false)
        as is_left_alone,
    encryption_key,
    is_stored
    and kind = 'delivery'
    and (
        coalesce(
            not encryption.is_stored and moment - encryption.moment <= smtp_session_silence(),
            false
        )
        or coalesce(
            touched.position > coalesce(record_position, -1)
            and moment - touched.moment <= smtp_session_silence(),
            false
        )
    ) as is_changed
from followed
where not is_gone;

insert into lines_changed_again
select line_key from next_hop_lines_again
where is_changed;

insert into parts_again
with records as (
    select * from next_hop_lines_again
    where
        kind = 'delivery'
        and (not is_stored or line_key in (select line_key from lines_changed_again))
)

select
    encryption_key as line_key,
    'session' as part
from records
where encryption_key is not null
union
select
    line_key,
    'session' as part
from next_hop_lines_again
where kind = 'smtp_connect_failure' and is_stored and is_left_alone
union
select
    failures.line_key,
    'session' as part
from next_hop_lines_again as failures
semi join records
    on
        failures.host is not distinct from records.host
        and failures.program = records.program
        and failures.pid is not distinct from records.pid
        and failures.next_record_position = records.position
where failures.kind = 'smtp_connect_failure' and failures.is_stored;
