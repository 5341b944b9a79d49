-- Login attempts in the changed lines
delete from logins
where login_key in (select line_key from changed_lines where not is_new);

insert into logins
-- smtpd does not log a successful login: the first message of a connection that names the user tells it
with first_with_username as (
    select
        connection_lines.connection_key,
        connection_lines.line_key,
        smtpd_clients.*
    from connection_lines
    inner join smtpd_clients on connection_lines.line_key = smtpd_clients.line_key
    where smtpd_clients.sasl_username is not null
    qualify row_number() over (
        partition by connection_lines.connection_key, smtpd_clients.sasl_username
        order by connection_lines.position
    ) = 1
),

first_tls as (
    select
        connection_key,
        min(position) as position
    from connection_lines
    where kind = 'smtpd_tls'
    group by all
),

smtp_logins as (
    select
        first_with_username.line_key,
        first_with_username.connection_key,
        true as is_success,
        first_with_username.sasl_username as username,
        first_with_username.client_name,
        first_with_username.client_ip,
        first_with_username.sasl_method as method,
        null as reason
    from first_with_username
    union all
    select
        smtpd_sasl_failures.line_key,
        connection_lines.connection_key,
        false as is_success,
        smtpd_sasl_failures.username,
        smtpd_sasl_failures.client_name,
        smtpd_sasl_failures.client_ip,
        smtpd_sasl_failures.method,
        smtpd_sasl_failures.reason
    from smtpd_sasl_failures
    left join connection_lines on smtpd_sasl_failures.line_key = connection_lines.line_key
)

select
    changed_lines.line_key,
    smtp_logins.connection_key,
    changed_lines.logged_at,
    changed_lines.host,
    'smtp',
    smtp_logins.is_success,
    smtp_logins.username,
    smtp_logins.client_name,
    smtp_logins.client_ip,
    null,
    smtp_logins.method,
    smtp_logins.reason,
    1,
    null,
    case when first_tls.position < login_lines.position then true end,
    null
from smtp_logins
inner join changed_lines on smtp_logins.line_key = changed_lines.line_key
left join first_tls on smtp_logins.connection_key = first_tls.connection_key
left join connection_lines as login_lines on smtp_logins.line_key = login_lines.line_key
union all
select
    changed_lines.line_key,
    null,
    changed_lines.logged_at,
    changed_lines.host,
    dovecot_logins.protocol,
    dovecot_logins.is_success,
    dovecot_logins.username,
    null,
    dovecot_logins.client_ip,
    dovecot_logins.server_ip,
    dovecot_logins.method,
    dovecot_logins.reason,
    coalesce(dovecot_logins.attempt_count, case when dovecot_logins.is_success then 1 end),
    dovecot_logins.attempt_seconds,
    dovecot_logins.is_tls,
    dovecot_logins.session_id
from dovecot_logins
inner join changed_lines on dovecot_logins.line_key = changed_lines.line_key;
