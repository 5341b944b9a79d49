-- One row per line that begins or ends a POP3 session
create or replace temp table mailbox_lines as
with known as (
    select
        line_key,
        logged_at,
        header_id,
        kind,
        true as is_changed,
        not is_new as is_stored
    from changed_lines
    where kind in ('dovecot_login', 'pop3_logout')
    union all
    select
        line_key,
        logged_at,
        header_id,
        kind,
        false as is_changed,
        true as is_stored
    from earlier_lines
    where part = 'mailbox'
)

select
    known.line_key,
    known.logged_at,
    processes.host,
    known.kind,
    known.is_changed,
    known.is_stored,
    coalesce(dovecot_logins.username, pop3_logouts.username) as username,
    coalesce(dovecot_logins.client_ip, pop3_logouts.client_ip) as client_ip,
    coalesce(dovecot_logins.session_id, pop3_logouts.session_id) as session_id,
    line_position(known.logged_at, file_ranks.file_rank, known.line_key) as position
from known
inner join processes on known.header_id = processes.header_id
inner join file_ranks on known.line_key >> 32 = file_ranks.file_key
left join dovecot_logins on known.line_key = dovecot_logins.line_key
left join pop3_logouts on known.line_key = pop3_logouts.line_key
where known.kind = 'pop3_logout' or dovecot_logins.protocol = 'pop3';
