-- How far each host has been read, and what later lines may still continue
create or replace temp table mail_system_ends as
with positioned as (
    select
        changed_lines.header_id,
        changed_lines.line_key,
        moment(changed_lines.logged_at) as moment,
        line_position(changed_lines.logged_at, file_ranks.file_rank, changed_lines.line_key)
            as position
    from changed_lines
    left join file_ranks on changed_lines.line_key >> 32 = file_ranks.file_key
),

process_ends as (
    select
        header_id,
        max(moment) as moment,
        max(position) as position,
        arg_max(line_key, position) as line_key
    from positioned
    group by header_id
),

host_ends as (
    select
        processes.host,
        processes.family,
        process_ends.moment,
        process_ends.position,
        process_ends.line_key
    from process_ends
    inner join processes on process_ends.header_id = processes.header_id
    where processes.family in ('postfix', 'dovecot')
    union all
    -- Late lines are not the latest
    select
        latest_lines.host,
        latest_lines.family,
        latest_lines.logged_at as moment,
        line_position(latest_lines.logged_at, file_ranks.file_rank, latest_lines.line_key)
            as position,
        latest_lines.line_key
    from latest_lines
    inner join file_ranks on latest_lines.line_key >> 32 = file_ranks.file_key
    semi join late_hosts
        on
            latest_lines.host is not distinct from late_hosts.host
            and latest_lines.family = late_hosts.family
),

host_latest as (
    select
        host,
        family,
        max(moment) as moment,
        arg_max(line_key, position) as line_key
    from host_ends
    group by all
)

select
    mail_systems.mail_system_id,
    host_latest.*
from host_latest
inner join (
    select distinct
        mail_system_id,
        host,
        family
    from processes
) as mail_systems
    on
        host_latest.host is not distinct from mail_systems.host
        and host_latest.family = mail_systems.family;

delete from latest_lines
using mail_system_ends
where
    latest_lines.host is not distinct from mail_system_ends.host
    and latest_lines.family = mail_system_ends.family;

insert into latest_lines by name
select
    host,
    family,
    moment as logged_at,
    line_key
from mail_system_ends;

delete from reopened_hosts
using mail_system_ends
where
    reopened_hosts.host is not distinct from mail_system_ends.host
    and reopened_hosts.family = mail_system_ends.family
    and reopened_hosts.searched_until <= mail_system_ends.moment;

delete from open_lines
using earlier_lines
where
    open_lines.line_key = earlier_lines.line_key
    and split_part(open_lines.part, ' ', 1) = split_part(earlier_lines.part, ' ', 1);

delete from open_lines
using changed_lines
where open_lines.line_key = changed_lines.line_key and not changed_lines.is_new;

delete from open_lines
using mail_system_ends
where
    open_lines.host is not distinct from mail_system_ends.host
    and program_family(open_lines.program) = mail_system_ends.family
    and open_lines.expires_at < mail_system_ends.moment;

insert into open_lines by name
with open_parts as (
    select
        'queue' as part,
        message_lines.line_key,
        message_spans.expires_at
    from message_spans
    inner join message_lines on message_spans.message_key = message_lines.message_key
    where
        message_spans.is_latest
        and message_spans.expires_at >= (select min(moment) from mail_system_ends)
    union all
    select
        'connection' as part,
        connection_lines.line_key,
        connection_spans.last_moment + session_silence() as expires_at
    from connection_spans
    inner join connection_lines
        on connection_spans.connection_key = connection_lines.connection_key
    where connection_spans.is_open
    union all
    select
        'connection' as part,
        screening_lines.line_key,
        screening_spans.last_moment + screening_silence(screening_spans.last_kind) as expires_at
    from screening_spans
    inner join screening_lines on screening_spans.connection_key = screening_lines.connection_key
    where screening_spans.is_open
    union all
    select
        'session' as part,
        line_key,
        expires_at
    from open_sessions
    union
    select
        part,
        line_key,
        expires_at
    from open_logins
),

known_lines as (
    select
        changed_lines.line_key,
        changed_lines.logged_at,
        changed_lines.header_id,
        changed_lines.queue_id,
        changed_lines.kind,
        changed_lines.speaker,
        changed_lines.body,
        changed_lines.may_be_cut,
        case when is_birth(changed_lines.kind) then connection_lines.connection_key end
            as connection_key
    from changed_lines
    semi join open_parts on changed_lines.line_key = open_parts.line_key
    left join connection_lines on changed_lines.line_key = connection_lines.line_key
    union all
    (
        select distinct on (line_key)
            line_key,
            logged_at,
            header_id,
            queue_id,
            kind,
            speaker,
            body,
            may_be_cut,
            connection_key
        from earlier_lines
        order by line_key asc, connection_key asc nulls last
    )
)

select
    open_parts.part,
    open_parts.expires_at,
    processes.host,
    processes.program,
    processes.pid,
    known_lines.* exclude (header_id)
from open_parts
inner join known_lines on open_parts.line_key = known_lines.line_key
inner join processes on known_lines.header_id = processes.header_id
inner join mail_system_ends on processes.mail_system_id = mail_system_ends.mail_system_id
where open_parts.expires_at >= mail_system_ends.moment;
