-- One row per line that ends a session of a mailbox
create or replace temp table session_closings as
with known as (
    select
        line_key,
        logged_at,
        header_id,
        true as is_changed,
        not is_new as is_stored
    from changed_lines
    where
        kind in (
            'pop3_logout', 'imap_logout', 'sieve_logout', 'submission_logout', 'proxy_logout'
        )
    union all
    select
        line_key,
        logged_at,
        header_id,
        false as is_changed,
        true as is_stored
    from earlier_lines
    where
        part in ('mailbox', 'around')
        and kind in (
            'pop3_logout', 'imap_logout', 'sieve_logout', 'submission_logout', 'proxy_logout'
        )
)

select
    known.line_key,
    known.logged_at,
    processes.mail_system_id,
    processes.host,
    known.is_changed,
    known.is_stored,
    session_ends.protocol,
    session_ends.username,
    session_ends.client_ip,
    session_ends.pid,
    session_ends.session_id,
    line_position(known.logged_at, file_ranks.file_rank, known.line_key) as position
from known
inner join processes on known.header_id = processes.header_id
left join file_ranks on known.line_key >> 32 = file_ranks.file_key
inner join session_ends on known.line_key = session_ends.line_key;
