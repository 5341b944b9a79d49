-- One row per loaded line that must be read again because earlier lines arrived after it
create or replace temp view read_lines as
with affected as (
    select
        log_lines.line,
        log_lines.line_key,
        log_lines.logged_at,
        log_lines.program,
        log_lines.queue_id,
        log_lines.host,
        log_lines.pid,
        log_lines.kind,
        moment(log_lines.logged_at) as moment,
        rewinds.from_moment
    from log_lines
    inner join rewinds
        on
            log_lines.host is not distinct from rewinds.host
            and program_family(log_lines.program) = rewinds.family
    where moment(log_lines.logged_at) >= rewinds.from_moment - interval 30 days
),

touched_ids as (
    select
        headers.host,
        headers.instance,
        lines.queue_id
    from lines
    inner join headers on lines.header_id = headers.header_id
    where lines.queue_id is not null
    union
    select
        host,
        program_instance(program) as instance,
        queue_id
    from affected
    where queue_id is not null and moment >= from_moment
),

-- What comes before a long silence of a queue id is part of an earlier message, and stays as it is
touched as (
    select
        affected.*,
        program_instance(affected.program) as instance,
        coalesce(
            lead(affected.moment) over (
                partition by affected.host, program_instance(affected.program), affected.queue_id
                order by affected.moment
            ),
            affected.from_moment
        ) as next_moment
    from affected
    semi join touched_ids
        on
            affected.host is not distinct from touched_ids.host
            and program_instance(affected.program) = touched_ids.instance
            and affected.queue_id = touched_ids.queue_id
    where affected.moment < affected.from_moment
),

unbroken as (
    select
        *,
        bool_or(next_moment > moment + queue_silence()) over (
            partition by host, instance, queue_id
            order by moment desc
            range between unbounded preceding and current row
        ) as is_before_silence
    from touched
),

-- Failed connections whose delivery attempt stays as it is
settled_failures as (
    select failures.line_key
    from affected as failures
    inner join file_ranks as failure_files on failures.line_key >> 32 = failure_files.file_key
    inner join affected as records
        on
            failures.host is not distinct from records.host
            and failures.program = records.program
            and failures.pid = records.pid
    inner join file_ranks as record_files on records.line_key >> 32 = record_files.file_key
    where
        failures.kind = 'smtp_connect_failure'
        and records.kind = 'delivery'
        and failures.moment < failures.from_moment
        and failures.moment >= failures.from_moment - smtp_session_silence()
        and records.moment < records.from_moment
        and line_position(records.logged_at, record_files.file_rank, records.line_key)
        > line_position(failures.logged_at, failure_files.file_rank, failures.line_key)
),

parts as (
    select
        line,
        line_key,
        logged_at,
        host,
        null as part
    from affected
    where moment >= from_moment
    union all
    select
        line,
        line_key,
        logged_at,
        host,
        'queue' as part
    from unbroken
    where not is_before_silence
    union all
    select
        line,
        line_key,
        logged_at,
        host,
        'connection' as part
    from affected
    where
        moment < from_moment
        and moment >= from_moment - session_silence()
        and program_daemon(program) in ('smtpd', 'qmqpd', 'postscreen')
    union all
    select
        line,
        line_key,
        logged_at,
        host,
        'session' as part
    from affected
    where
        moment < from_moment
        and moment >= from_moment - smtp_session_silence()
        and kind in ('smtp_tls', 'smtp_connect_failure')
        and line_key not in (select line_key from settled_failures)
    union all
    select
        line,
        line_key,
        logged_at,
        host,
        'mailbox' as part
    from affected
    where
        moment < from_moment
        and moment >= from_moment - session_silence()
        and kind in (
            'dovecot_login', 'dovecot_proxy_login', 'pop3_logout', 'imap_logout', 'sieve_logout',
            'submission_logout', 'proxy_logout'
        )
)

select
    line,
    line_key,
    logged_at as known_at,
    host as known_host,
    part
from parts;
