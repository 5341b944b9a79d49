-- Every line of kind delivery is a row of deliveries, and of each other kind likewise
select
    log_lines.line_key,
    log_lines.kind,
    log_lines.line
from log_lines
anti join deliveries on log_lines.line_key = deliveries.delivery_key
where log_lines.kind = 'delivery'
union all
select
    log_lines.line_key,
    log_lines.kind,
    log_lines.line
from log_lines
anti join rejections on log_lines.line_key = rejections.rejection_key
where
    log_lines.kind in ('smtpd_reject', 'smtpd_reject_warning', 'smtpd_milter_reject', 'smtpd_mark')
union all
select
    log_lines.line_key,
    log_lines.kind,
    log_lines.line
from log_lines
anti join logins on log_lines.line_key = logins.login_key
where log_lines.kind in ('dovecot_login', 'dovecot_login_failure', 'smtpd_sasl_failure')
order by line_key;
