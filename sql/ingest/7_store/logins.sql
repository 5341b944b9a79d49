-- Login attempts in the changed lines
delete from logins
where login_key in (select line_key from changed_lines where not is_new);

-- smtpd does not log a successful login: the first message of a connection that names the user
-- tells it
insert into logins by name
with authenticated as (
    select
        smtpd_clients.line_key as login_key,
        smtpd_clients.logged_at,
        smtpd_clients.header_id,
        true as is_success,
        smtpd_clients.sasl_username as username,
        smtpd_clients.client_name,
        smtpd_clients.client_ip,
        smtpd_clients.sasl_method as method,
        null as failure,
        null as reason,
        smtpd_clients.is_changed,
        connection_lines.connection_key,
        connection_lines.position
    from smtpd_clients
    inner join connection_lines on smtpd_clients.line_key = connection_lines.line_key
    where coalesce(smtpd_clients.sasl_username, smtpd_clients.sasl_method) is not null
    qualify row_number() over (
        partition by connection_lines.connection_key, smtpd_clients.sasl_username
        order by connection_lines.position
    ) = 1
),

refused as (
    select
        smtpd_sasl_failures.line_key as login_key,
        smtpd_sasl_failures.logged_at,
        smtpd_sasl_failures.header_id,
        false as is_success,
        smtpd_sasl_failures.username,
        smtpd_sasl_failures.client_name,
        smtpd_sasl_failures.client_ip,
        smtpd_sasl_failures.method,
        smtpd_sasl_failures.failure,
        smtpd_sasl_failures.reason,
        smtpd_sasl_failures.is_changed,
        connection_lines.connection_key,
        connection_lines.position
    from smtpd_sasl_failures
    left join connection_lines on smtpd_sasl_failures.line_key = connection_lines.line_key
),

-- AUTH commands that failed, of which no other line of the connection tells: when in it they were
-- given, and so whether TLS protected them, is not known
counted as (
    select
        smtpd_disconnects.line_key as login_key,
        smtpd_disconnects.logged_at,
        work_lines.header_id,
        false as is_success,
        connection_peers.client_name,
        connection_peers.client_ip,
        'authentication failed' as failure,
        'auth=' || command_counters.auth_ok || '/' || command_counters.auth_total as reason,
        command_counters.auth_total - command_counters.auth_ok as attempt_count,
        work_lines.is_changed,
        connection_lines.connection_key,
        null as position
    from smtpd_disconnects
    inner join command_counters
        on
            smtpd_disconnects.counters = command_counters.counters
            and command_counters.auth_total > command_counters.auth_ok
    inner join work_lines on smtpd_disconnects.line_key = work_lines.line_key
    inner join connection_lines on smtpd_disconnects.line_key = connection_lines.line_key
    inner join connection_peers
        on connection_lines.connection_key = connection_peers.connection_key
    anti join (
        select connection_key from connection_lines
        where kind = 'smtpd_sasl_failure'
    ) as failing
        on connection_lines.connection_key = failing.connection_key
),

attempts as (
    select
        *,
        1 as attempt_count
    from authenticated
    union all by name
    select
        *,
        1 as attempt_count
    from refused
    union all by name
    select * from counted
),

first_tls as (
    select
        connection_key,
        min(position) as position
    from connection_lines
    where kind = 'smtpd_tls'
    group by connection_key
)

select
    processes.host,
    attempts.* exclude (is_changed, position, header_id),
    'smtp' as protocol,
    case when first_tls.position < attempts.position then true end as is_tls
from attempts
inner join processes on attempts.header_id = processes.header_id
left join first_tls on attempts.connection_key = first_tls.connection_key
where attempts.is_changed;

insert into logins by name
select
    dovecot_logins.line_key as login_key,
    processes.host,
    dovecot_logins.* exclude (line_key, header_id, is_changed, pid)
from dovecot_logins
inner join processes on dovecot_logins.header_id = processes.header_id
where dovecot_logins.is_changed;
