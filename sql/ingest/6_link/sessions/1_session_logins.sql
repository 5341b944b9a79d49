-- One row per login that begins a session of a mailbox, with what a later end may know it by
create or replace temp table session_logins as
with known as (
    select
        line_key,
        logged_at,
        header_id,
        true as is_changed,
        not is_new as is_stored,
        false as is_around,
        'siau' as marks
    from changed_lines
    where kind in ('dovecot_login', 'dovecot_proxy_login')
    union all
    select
        line_key,
        logged_at,
        header_id,
        -- Read again because of late lines: all that may end it is at hand
        part = 'mailbox' as is_changed,
        true as is_stored,
        part = 'around' as is_around,
        case when part in ('mailbox', 'around') then 'siau' else substr(part, 9) end as marks
    from earlier_lines
    where
        (starts_with(part, 'mailbox') or part = 'around')
        and kind in ('dovecot_login', 'dovecot_proxy_login')
)

select
    known.line_key,
    known.logged_at,
    processes.mail_system_id,
    processes.host,
    known.is_changed,
    known.is_stored,
    known.is_around,
    dovecot_logins.protocol,
    dovecot_logins.username,
    dovecot_logins.client_ip,
    dovecot_logins.pid,
    dovecot_logins.session_id,
    contains(known.marks, 's') and dovecot_logins.session_id is not null as is_last_of_session,
    contains(known.marks, 'i') and dovecot_logins.pid is not null as is_last_of_process,
    contains(known.marks, 'a') and dovecot_logins.client_ip is not null as is_open_at_address,
    contains(known.marks, 'u') as is_open_of_user,
    contains(known.marks, 'c') as is_claimed,
    line_position(known.logged_at, file_ranks.file_rank, known.line_key) as position
from known
inner join processes on known.header_id = processes.header_id
left join file_ranks on known.line_key >> 32 = file_ranks.file_key
inner join dovecot_logins on known.line_key = dovecot_logins.line_key
inner join login_elements on known.line_key = login_elements.line_key
where
    dovecot_logins.protocol in ('pop3', 'imap', 'sieve', 'submission')
    -- Sent to another server, a client has no session here
    and not starts_with(login_elements.text, 'Login with referral');
